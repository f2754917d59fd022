import "../drift.test.js";
import "../house.test.js";
