import "../app/commands/command-line.test.js";
