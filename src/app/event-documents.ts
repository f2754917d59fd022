/**
 * What an event stream tells of each kind of topic, by the kind. Each is a subscription like those of websockets, so
 * that both have the same rules: `told` is the field, `$id` the topic's id, `$after` the cursor.
 */
export const eventDocuments: Readonly<Record<string, string>> = {
  conversation: /* GraphQL */ `
    subscription ConversationEventStream($id: ID!, $after: String) {
      told: conversationEvents(conversationId: $id, after: $after) {
        cursor
        event {
          __typename
        }
      }
    }
  `,
};
