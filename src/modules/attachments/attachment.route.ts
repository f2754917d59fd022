import type { FastifyInstance } from "fastify";
import type { DownloadRouteDeps } from "../media/downloads/download.route.js";
import { registerDownloadRoute } from "../media/downloads/download.route.js";
import type { MediaFileService } from "../media/media-file.service.js";
import type { AttachmentService } from "./attachment.service.js";

/** `GET /attachments/{attachmentId}[/{variant}]/{name}` */
export function registerAttachmentRoute(
  app: FastifyInstance,
  deps: DownloadRouteDeps,
  services: { readonly attachments: AttachmentService; readonly mediaFiles: MediaFileService },
): void {
  registerDownloadRoute(app, deps, {
    resource: "attachments",
    find: async (viewer, id) => {
      const { mediaFileId } = await services.attachments.requireReadable(viewer, id);
      return {
        file: await services.mediaFiles.requireFile(viewer, mediaFileId),
        subject: { type: "attachment", id },
      };
    },
  });
}
