import "../drift.test.js";
import "../architecture.test.js";
import "../find-leaks.test.js";
import "../platform/logger.test.js";
