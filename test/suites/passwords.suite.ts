import "../modules/identity/users/password.test.js";
