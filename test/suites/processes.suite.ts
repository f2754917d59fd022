import "../integrity/shutdown.test.js";
import "../platform/data-folder-lock.test.js";
import "../platform/database/embedded/embedded-postgres.test.js";
