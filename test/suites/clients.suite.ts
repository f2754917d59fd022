import "../chat-story.test.js";
import "../clients/apollo-3.test.js";
import "../clients/apollo-lists.test.js";
import "../clients/persisted-operations.test.js";
import "../clients/recipes.test.js";
import "../story.test.js";
