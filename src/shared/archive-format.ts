/** Formats that a backup is downloaded in. */
export const ARCHIVE_FORMATS = ['ZIP', 'TAR', 'TAR_GZ', 'TAR_ZST'] as const;
export type ArchiveFormat = (typeof ARCHIVE_FORMATS)[number];

/** How the world calls a format. */
export interface ArchiveFormatDescription {
  /** Ending of the file's name. */
  extension: string;
  /** Media type. */
  mediaType: string;
}

/** Ending and media type of every format. */
export const ARCHIVE_FORMAT_DESCRIPTIONS: Readonly<Record<ArchiveFormat, ArchiveFormatDescription>> = {
  ZIP: { extension: '.zip', mediaType: 'application/zip' },
  TAR: { extension: '.tar', mediaType: 'application/x-tar' },
  TAR_GZ: { extension: '.tar.gz', mediaType: 'application/gzip' },
  TAR_ZST: { extension: '.tar.zst', mediaType: 'application/zstd' },
};
