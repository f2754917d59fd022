import "../integrity/disk-faults.test.js";
import "../integrity/memory.test.js";
