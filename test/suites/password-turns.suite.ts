import "../modules/identity/users/password-turns.test.js";
