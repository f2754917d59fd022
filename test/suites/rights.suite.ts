import "../integrity/deadlock.test.js";
import "../integrity/refusals.test.js";
import "../integrity/rights-of-changes.test.js";
import "../integrity/rights-of-invitations.test.js";
import "../integrity/rights-of-ticket-changes.test.js";
import "../integrity/rights-tables.test.js";
import "../integrity/rights-until-commit.test.js";
