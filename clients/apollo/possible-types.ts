
      export interface PossibleTypesResultData {
        possibleTypes: {
          [key: string]: string[]
        }
      }
      const result: PossibleTypesResultData = {
  "possibleTypes": {
    "Actor": [
      "ApiKey",
      "Guest",
      "User"
    ],
    "ConversationEvent": [
      "AttachmentAdded",
      "AttachmentDeleted",
      "AttachmentRestored",
      "AttachmentUpdated",
      "ConversationClosed",
      "ConversationReopened",
      "MessageAdded",
      "MessageDeleted",
      "MessagePurged",
      "MessageUpdated",
      "ParticipantJoined",
      "ParticipantLeft",
      "PresenceChanged",
      "TypingStarted"
    ],
    "MediaFileEvent": [
      "CompanyBrandingChanged",
      "IntegrityChanged",
      "MediaFileAdded",
      "MediaFileDeleted",
      "MediaFilePurged",
      "MediaFileRestored",
      "MediaFileUpdated",
      "ScanStatusChanged",
      "StorageThresholdReached",
      "VariantsFailed",
      "VariantsReady"
    ],
    "Post": [
      "Photo",
      "PhotoSeries",
      "VideoClip"
    ],
    "TicketEvent": [
      "AttachmentAdded",
      "AttachmentDeleted",
      "AttachmentRestored",
      "AttachmentUpdated",
      "ParticipantJoined",
      "ParticipantLeft",
      "PostAdded",
      "PostDeleted",
      "PostUpdated",
      "ReplyAdded",
      "ReplyDeleted",
      "ReplyUpdated",
      "TicketDeleted",
      "TicketRestored",
      "TicketUpdated"
    ],
    "TimelineItem": [
      "Photo",
      "PhotoSeries",
      "Reply",
      "VideoClip"
    ]
  }
};
      export default result;
    