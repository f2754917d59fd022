import { DEMO_PASSWORD } from "../../src/app/demo/demo-people.js";
import { createKey } from "./api-keys.js";
import type { ChatWorld, Speaker } from "./chat-world.js";
import { uploadMedia } from "./library-world.js";
import { makePng } from "./make-files.js";
import { operationOn, postOperation } from "./schema-operations.js";
import { stageFile } from "./staged-uploads.js";
import { codeIn } from "./test-client.js";
import type { Part } from "./ticket-world.js";
import { createWebhook } from "./webhooks.js";

type Args = Readonly<Record<string, unknown>>;

interface Done {
  readonly id: string;
  readonly token: string;
}

/** Where changes are made. */
export interface Scene extends ChatWorld {
  readonly companyId: string;
}

/** The code that a mutation ends with, and what it answered. */
export async function change({ server }: Scene, name: string, args: Args, by?: Pick<Speaker, "token">) {
  const answer = await postOperation(server.url, operationOn("Mutation", name, args), args, by?.token);
  return { code: codeIn(answer), told: answer.data?.told as Done };
}

async function done(scene: Scene, name: string, args: Args, by: Part): Promise<Done> {
  const { code, told } = await change(scene, name, args, scene.people[by]);
  if (code !== "ok") throw new Error(`${name}: ${code}`);
  return told;
}

export interface Change {
  readonly by: Part;
  /** What the right rests on, beside the account and the session. */
  readonly rightOf: "a member" | "a manager" | "an administrator" | "oneself";
  /** What is told to whoever has become a customer, or is no administrator any more. */
  readonly demoted?: "FORBIDDEN" | "NOT_FOUND";
  /** Makes what it is done to. @returns the arguments that name it */
  prepare(scene: Scene): Promise<Args>;
}

const byManager = (prepare: Change["prepare"], demoted: Change["demoted"] = "NOT_FOUND"): Change => ({
  by: "manager",
  rightOf: "a manager",
  demoted,
  prepare,
});
const byAdmin = (prepare: Change["prepare"], demoted: Change["demoted"] = "NOT_FOUND"): Change => ({
  by: "admin",
  rightOf: "an administrator",
  demoted,
  prepare,
});
const byOneself = (by: Part, prepare: Change["prepare"]): Change => ({ by, rightOf: "oneself", prepare });

/** What is done to what another mutation has been done to. */
const after =
  (name: string, by: Part, prepare: Change["prepare"]): Change["prepare"] =>
  async (scene) => {
    const args = await prepare(scene);
    await done(scene, name, args, by);
    return args;
  };

const conversation = async (scene: Scene) => ({
  id: await scene.start({ companyId: scene.companyId, participantIds: [scene.people.participant.id] }),
});
const inConversation =
  (more: (scene: Scene) => object): Change["prepare"] =>
  async (scene) => ({ input: { conversationId: (await conversation(scene)).id, ...more(scene) } });

/** A message of somebody's in a conversation of its own. */
export async function messageBy(scene: Scene, by: Speaker, conversationId: string): Promise<string> {
  return (await scene.say(by, conversationId, "The lamp flickers")).id;
}
const message = async (scene: Scene) => ({
  id: await messageBy(scene, scene.people.manager, (await conversation(scene)).id),
});

/** Of the agent's, and used by nothing. */
const file = async (scene: Scene) => ({
  id: (await uploadMedia(scene.people.agent, { companyId: scene.companyId })).id,
});
const quarantined = async (scene: Scene) => {
  const { id } = await file(scene);
  await scene.server.database.sql`
    update blobs set scan_status = 'QUARANTINED', scan_result = 'Test'
    where id = (select blob_id from media_files where id = ${id})`;
  return { id };
};
const usage = async (scene: Scene) => ({
  input: { mediaFileId: (await file(scene)).id, resourceType: "page", resourceId: "1", fieldName: "banner" },
});
const version = async (scene: Scene) => {
  const { id } = await file(scene);
  await done(scene, "replaceMediaFile", { input: { id, file: await picture() } }, "agent");
  const [earlier] = await scene.server.database.sql<{ id: string }[]>`
    select id from media_files where version_of = ${id}`;
  return { id: earlier!.id };
};
const orphan = async (scene: Scene) => {
  const { id } = await file(scene);
  await scene.server.database.sql`update media_files
    set created_at = now() - interval '90 days', updated_at = now() - interval '90 days' where id = ${id}`;
  return { input: { companyId: scene.companyId } };
};
const picture = async () =>
  new File([new Uint8Array(await makePng({ width: 300, height: 220 }))], "picture.png", {
    type: "image/png",
  });
const avatar = async (scene: Scene) => {
  await done(scene, "setAvatar", { file: await picture() }, "participant");
  return {};
};
const logo = async (scene: Scene) => {
  const { companyId } = scene;
  await done(scene, "setCompanyLogo", { input: { companyId, file: await picture() } }, "manager");
  return { companyId };
};

const background = async (scene: Scene) => {
  const { companyId } = scene;
  const input = { companyId, background: "LOGIN", file: await picture() };
  await done(scene, "setCompanyBackground", { input }, "manager");
  return { companyId, background: "LOGIN" };
};

const invitationTo =
  (part: Part): Change["prepare"] =>
  async (scene) => {
    const input = { companyId: scene.companyId, email: scene.people[part].email, role: "AGENT" };
    return { id: (await done(scene, "inviteMember", { input }, "manager")).id };
  };

let made = 0;
const newCompany = async (scene: Scene) => {
  const input = { slug: `made-${++made}`, name: "Made" };
  return { id: (await done(scene, "createCompany", { input }, "admin")).id };
};
const newUser = async (scene: Scene) => {
  const input = { email: `made${++made}@example.test`, name: "Made" };
  return { id: (await done(scene, "createUser", { input }, "admin")).id };
};

/** Another session of the person's. */
const session = async ({ server, people }: Scene) => {
  const input = { email: people.requester.email, password: DEMO_PASSWORD };
  await server.gql("mutation ($input: SignInInput!) { signIn(input: $input) { expiresAt } }", { input });
  const [newest] = await server.database.sql<{ id: string }[]>`
    select id from sessions where user_id = ${people.requester.id} order by id desc limit 1`;
  return { id: newest!.id };
};

/** Every mutation outside of tickets that brings no files. */
const newWebhook = async ({ server, people, companyId }: Scene) => {
  const options = { companyId, url: "https://receiver.example/" };
  return { id: (await createWebhook(server, people.admin.token, options)).id };
};

export const CHANGES_ELSEWHERE: Readonly<Record<string, Change>> = {
  startConversation: byManager(
    async ({ companyId, people }) => ({ input: { companyId, participantIds: [people.customer.id] } }),
    "FORBIDDEN",
  ),
  closeConversation: byManager(conversation),
  reopenConversation: byManager(after("closeConversation", "agent", conversation)),
  addConversationParticipant: byManager(inConversation(({ people }) => ({ userId: people.customer.id }))),
  removeConversationParticipant: byManager(
    inConversation(({ people }) => ({ userId: people.participant.id })),
  ),
  inviteGuest: byManager(inConversation(() => ({ displayName: "Room 204" }))),
  revokeGuest: byManager(async (scene) => ({
    id: (await scene.guestIn((await conversation(scene)).id)).id,
  })),
  editMessage: byManager(async (scene) => ({ input: { ...(await message(scene)), body: "It is out" } })),
  deleteMessage: byManager(message),
  purgeMessage: byManager(message),
  markRead: byManager(async (scene) => {
    const conversationId = (await conversation(scene)).id;
    const messageId = await messageBy(scene, scene.people.agent, conversationId);
    return { input: { conversationId, messageId } };
  }),

  addMediaUsage: byManager(usage),
  removeMediaUsage: byManager(after("addMediaUsage", "agent", usage)),
  updateMediaFile: byManager(async (scene) => ({ input: { ...(await file(scene)), fileName: "plan.txt" } })),
  makeVersionCurrent: byManager(version),
  deleteMediaFile: byManager(file),
  restoreMediaFile: byManager(after("deleteMediaFile", "agent", file)),
  releaseQuarantined: byManager(quarantined),
  destroyQuarantined: byManager(quarantined),
  purgeOrphanedMedia: byManager(orphan, "FORBIDDEN"),
  startUpload: byManager(
    async ({ companyId }) => ({
      input: { bucket: "COMPANY_LOGOS", companyId, fileName: "logo.png", size: 9 },
    }),
    "FORBIDDEN",
  ),
  completeUpload: byOneself("requester", async (scene) => {
    const { companyId, people, server } = scene;
    const token = people.requester.token;
    const id = await stageFile(
      { url: server.url, token },
      { bucket: "ATTACHMENTS", companyId, fileName: "note.txt" },
      Buffer.from(`a note ${++made}`),
    );
    // As after its server was killed while it checked it.
    await server.database.sql`update staged_uploads set status = 'CHECKING' where id = ${id}`;
    return { id };
  }),
  cancelUpload: byOneself("requester", async (scene) => {
    const { companyId } = scene;
    const input = { bucket: "ATTACHMENTS", companyId, fileName: "note.txt", size: 9 };
    return { id: (await done(scene, "startUpload", { input }, "requester")).id };
  }),
  removeAvatar: byOneself("participant", avatar),
  removeCompanyBackground: byManager(background, "FORBIDDEN"),
  removeCompanyLogo: byManager(logo, "FORBIDDEN"),

  setStorageLimit: byAdmin(async ({ companyId }) => ({
    input: { companyId, storageLimitBytes: 10_000_000_000 + ++made },
  })),
  deleteCompany: byAdmin(newCompany),
  restoreCompany: byAdmin(after("deleteCompany", "admin", newCompany)),
  setMembership: byManager(
    async ({ companyId, people }) => ({ input: { companyId, email: people.requester.email, role: "AGENT" } }),
    "FORBIDDEN",
  ),
  removeMembership: byManager(
    async ({ companyId, people }) => ({ input: { companyId, userId: people.requester.id } }),
    "FORBIDDEN",
  ),
  inviteMember: byManager(
    async ({ companyId }) => ({
      input: { companyId, email: `made${++made}@example.test`, role: "AGENT" },
    }),
    "FORBIDDEN",
  ),
  createApiKey: byManager(
    async ({ companyId }) => ({ input: { companyId, name: "Made", scopes: ["READ"] } }),
    "FORBIDDEN",
  ),
  revokeApiKey: byManager(async ({ server, people, companyId }) => ({
    id: (await createKey(server, people.admin.token, { companyId, scopes: ["READ"] })).id,
  })),
  createWebhook: byManager(
    async ({ companyId }) => ({
      input: { companyId, url: "https://receiver.example/", eventKinds: ["TICKET_OPENED"] },
    }),
    "FORBIDDEN",
  ),
  updateWebhook: byManager(async (scene) => ({
    input: { ...(await newWebhook(scene)), description: "Ours" },
  })),
  deleteWebhook: byManager(newWebhook),
  rotateWebhookSecret: byManager(newWebhook),
  testWebhook: byManager(newWebhook),
  resendWebhookDelivery: byManager(async (scene) => {
    const { id } = await newWebhook(scene);
    await done(scene, "testWebhook", { id }, "manager");
    const [delivery] = await scene.server.database.sql<{ id: string }[]>`
      select id from webhook_deliveries where webhook_id = ${id}`;
    return { id: delivery!.id };
  }),
  revokeInvitation: byManager(invitationTo("stranger"), "FORBIDDEN"),
  acceptInvitation: byOneself("outsideManager", invitationTo("outsideManager")),
  declineInvitation: byOneself("stranger", invitationTo("stranger")),

  createUser: byAdmin(
    async () => ({ input: { email: `made${++made}@example.test`, name: "Made" } }),
    "FORBIDDEN",
  ),
  updateUser: byAdmin(async (scene) => ({ input: { ...(await newUser(scene)), name: "Renamed" } })),
  deactivateUser: byAdmin(newUser),
  reactivateUser: byAdmin(after("deactivateUser", "admin", newUser)),
  createPasswordReset: byAdmin(async (scene) => ({ userId: (await newUser(scene)).id })),
  changePassword: byOneself("stranger", async () => ({
    input: { currentPassword: DEMO_PASSWORD, newPassword: "a longer one than that" },
  })),
  endSession: byOneself("requester", session),
  endOtherSessions: byOneself("requester", async (scene) => {
    await session(scene);
    return {};
  }),
};

/** What may bring files, and is another transaction when it brings none. */
export const WITHOUT_FILES: Readonly<Record<string, Change>> = {
  createTicket: {
    by: "agent",
    rightOf: "a member",
    prepare: async ({ companyId }) => ({ input: { companyId, subject: "It hums" } }),
  },
  addReply: byManager(async (scene) => {
    const { id: ticketId } = await scene.openTicket(scene.people.agent, { companyId: scene.companyId });
    return { input: { ticketId, body: "We will see." } };
  }),
  sendMessage: byManager(inConversation(() => ({ body: "Good evening." }))),
};
