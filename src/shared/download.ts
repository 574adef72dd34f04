import type { ArchiveFormat } from './archive-format.js';
import type { Component } from './component.js';

/** What of a backup is downloaded, and how. */
export interface DownloadRequest {
  backupId: string;
  format: ArchiveFormat;
  /** null: every component, with paths every one but the database. */
  components: Component[] | null;
  /** Files and folders as the backup names them; null: everything. */
  paths: string[] | null;
}

/** Where downloads are served, below the server's address. */
export function downloadPath(backupId: string): string {
  return `/api/backup/${encodeURIComponent(backupId)}/download`;
}
