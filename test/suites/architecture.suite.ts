import "../drift.test.js";
import "../architecture.test.js";
