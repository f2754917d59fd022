/**
 * Metadata from a file, never a location. It is stored with the blob; texts are short and without control characters.
 */
export interface FileMetadata {
  /** Of a photo: manufacturer and model of the camera. */
  readonly cameraMake?: string;
  readonly cameraModel?: string;
  /** By the camera's clock: `2026-05-01T12:00:00`, with an offset where the camera wrote one. */
  readonly takenAt?: string;
  /** Orientation of the stored pixels (EXIF 2.32 §4.6.4): 1 to 8. */
  readonly orientation?: number;
  /** Of a PDF or a TIFF. */
  readonly pages?: number;
  /** Of a text: a name of the WHATWG Encoding Standard. */
  readonly charset?: string;
  /** Whether the charset is a guess. */
  readonly isCharsetGuessed?: boolean;
  /** Of a video or a recording. */
  readonly videoCodec?: string;
  readonly audioCodec?: string;
}
