/**
 * What a file says of itself, as far as it is told: never where on earth it was made. The blob keeps it; texts are
 * short and free of control characters.
 */
export interface FileMetadata {
  /** Of a photo: who made the camera, and what they call it. */
  readonly cameraMake?: string;
  readonly cameraModel?: string;
  /** By the camera's clock: `2026-05-01T12:00:00`, with an offset where the camera wrote one. */
  readonly takenAt?: string;
  /** How the stored pixels are turned (EXIF 2.32 §4.6.4): 1 to 8. */
  readonly orientation?: number;
  /** Of a PDF or a TIFF. */
  readonly pages?: number;
  /** Of a text: by the names of the WHATWG Encoding Standard. */
  readonly charset?: string;
  /** Whether nothing proves it. */
  readonly isCharsetGuessed?: boolean;
  /** Of a video or a recording. */
  readonly videoCodec?: string;
  readonly audioCodec?: string;
}
