export const UPLOADS_PATH = "/uploads";

/** The absolute URL to which the bytes of an upload are sent. */
export const uploadUrl = (baseUrl: string, id: string): string => `${baseUrl}${UPLOADS_PATH}/${id}`;
