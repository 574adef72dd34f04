/* eslint-disable */
import * as types from './graphql.js';



/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "fragment AlertParts on Alert {\n  id\n  kind\n  subject\n  message\n  count\n  raisedAt\n  lastRaisedAt\n  resolvedAt\n  delivery {\n    state\n    attempts\n    lastError\n  }\n}": typeof types.AlertPartsFragmentDoc,
    "query Alerts($page: Int! = 1, $limit: Int! = 50, $open: Boolean) {\n  alerts(page: $page, limit: $limit, open: $open) {\n    items {\n      ...AlertParts\n    }\n    pagination {\n      ...PaginationParts\n    }\n  }\n}": typeof types.AlertsDocument,
    "query AuditLog($page: Int! = 1, $limit: Int! = 50, $filter: AuditFilter) {\n  auditLog(page: $page, limit: $limit, filter: $filter) {\n    items {\n      id\n      at\n      actor\n      role\n      action\n      target\n      outcome\n      remoteAddress\n      detail\n    }\n    pagination {\n      ...PaginationParts\n    }\n  }\n}": typeof types.AuditLogDocument,
    "query AuditVerify {\n  auditVerify {\n    ok\n    checkedEntries\n    firstSequence\n    lastSequence\n    brokenId\n    reason\n  }\n}": typeof types.AuditVerifyDocument,
    "query BackupDownload($id: ID!, $format: ArchiveFormat! = TAR_ZST) {\n  backup(id: $id) {\n    id\n    downloadUrl(format: $format)\n  }\n}": typeof types.BackupDownloadDocument,
    "fragment BackupParts on Backup {\n  id\n  name\n  type\n  status\n  trigger\n  sizeBytes\n  storedBytes\n  fileCount\n  encrypted\n  compressed\n  retentionDays\n  expiresAt\n  pinned\n  createdAt\n  startedAt\n  completedAt\n  createdBy\n  scheduleId\n  suspicious\n  error {\n    code\n    message\n  }\n}\n\nfragment BackupDetailParts on Backup {\n  ...BackupParts\n  checksum\n  notices\n  suspicion\n  confirmedAt\n  components {\n    component\n    source\n    sizeBytes\n    storedBytes\n    fileCount\n    checksum\n  }\n  progress {\n    ...BackupProgressParts\n  }\n  verification {\n    id\n    status\n    checkedBytes\n    startedAt\n    completedAt\n    error {\n      code\n      message\n    }\n  }\n}": typeof types.BackupPartsFragmentDoc,
    "subscription BackupProgress($id: ID!, $after: Int) {\n  backupProgress(id: $id, after: $after) {\n    ...BackupProgressParts\n  }\n}": typeof types.BackupProgressDocument,
    "query BackupProofs($id: ID!) {\n  backup(id: $id) {\n    id\n    verification {\n      id\n      status\n      checkedBytes\n      startedAt\n      completedAt\n      error {\n        code\n        message\n      }\n    }\n    restoreTest {\n      id\n      status\n      checkedBytes\n      startedAt\n      completedAt\n      version\n      components {\n        component\n        files\n        sizeBytes\n        seconds\n        tables {\n          name\n          rows\n        }\n        findings\n      }\n      error {\n        code\n        message\n      }\n    }\n  }\n}": typeof types.BackupProofsDocument,
    "query Backup($id: ID!) {\n  backup(id: $id) {\n    ...BackupDetailParts\n  }\n}": typeof types.BackupDocument,
    "query Backups($page: Int! = 1, $limit: Int! = 10, $filter: BackupFilter, $sort: BackupSort) {\n  backups(page: $page, limit: $limit, filter: $filter, sort: $sort) {\n    items {\n      ...BackupParts\n    }\n    pagination {\n      ...PaginationParts\n    }\n    summary {\n      total\n      completed\n      failed\n      running\n      totalSizeBytes\n      totalStoredBytes\n      oldest\n      newest\n    }\n  }\n}": typeof types.BackupsDocument,
    "mutation CancelBackup($id: ID!) {\n  cancelBackup(id: $id) {\n    ...BackupParts\n  }\n}": typeof types.CancelBackupDocument,
    "mutation CancelRestore($id: ID!) {\n  cancelRestore(id: $id) {\n    ...RestoreParts\n  }\n}": typeof types.CancelRestoreDocument,
    "mutation Cleanup($dryRun: Boolean!) {\n  cleanup(dryRun: $dryRun) {\n    dryRun\n    reclaimedBytes\n    suspended\n    expiredBackups {\n      ...BackupParts\n    }\n    kept {\n      backup {\n        ...BackupParts\n      }\n      reasons\n    }\n  }\n}": typeof types.CleanupDocument,
    "mutation CloseAlert($id: ID!) {\n  closeAlert(id: $id) {\n    ...AlertParts\n  }\n}": typeof types.CloseAlertDocument,
    "mutation ConfirmBackup($id: ID!) {\n  confirmBackup(id: $id) {\n    ...BackupDetailParts\n  }\n}": typeof types.ConfirmBackupDocument,
    "mutation CreateBackup($input: CreateBackupInput!) {\n  createBackup(input: $input) {\n    backup {\n      ...BackupParts\n    }\n  }\n}": typeof types.CreateBackupDocument,
    "mutation CreateRestore($input: CreateRestoreInput!) {\n  createRestore(input: $input) {\n    restore {\n      ...RestoreParts\n    }\n  }\n}": typeof types.CreateRestoreDocument,
    "mutation CreateSchedule($input: ScheduleInput!) {\n  createSchedule(input: $input) {\n    ...ScheduleParts\n  }\n}": typeof types.CreateScheduleDocument,
    "mutation DeleteBackup($id: ID!) {\n  deleteBackup(id: $id) {\n    deletedId\n  }\n}": typeof types.DeleteBackupDocument,
    "mutation DeleteBackups($ids: [ID!]!) {\n  deleteBackups(ids: $ids) {\n    id\n    error {\n      code\n      message\n    }\n  }\n}": typeof types.DeleteBackupsDocument,
    "mutation DeleteSchedule($id: ID!) {\n  deleteSchedule(id: $id)\n}": typeof types.DeleteScheduleDocument,
    "query Health {\n  health {\n    status\n    version\n    uptimeSeconds\n    checks {\n      name\n      status\n      message\n    }\n  }\n}": typeof types.HealthDocument,
    "subscription OperationChanged {\n  operationChanged {\n    ... on Backup {\n      id\n      name\n      backupStatus: status\n      sizeBytes\n      storedBytes\n      completedAt\n      error {\n        code\n        message\n      }\n    }\n    ... on Restore {\n      id\n      backupId\n      backupName\n      restoreStatus: status\n      restoredFiles\n      restoredBytes\n      completedAt\n      error {\n        code\n        message\n      }\n    }\n  }\n}": typeof types.OperationChangedDocument,
    "fragment PaginationParts on Pagination {\n  page\n  limit\n  total\n  totalPages\n  hasNext\n  hasPrev\n}": typeof types.PaginationPartsFragmentDoc,
    "mutation PinBackup($id: ID!, $pinned: Boolean!) {\n  pinBackup(id: $id, pinned: $pinned) {\n    ...BackupParts\n  }\n}": typeof types.PinBackupDocument,
    "fragment BackupProgressParts on BackupProgress {\n  backupId\n  sequence\n  status\n  phase\n  component\n  percent\n  processedBytes\n  totalBytes\n  storedBytes\n  processedFiles\n  totalFiles\n  bytesPerSecond\n  etaSeconds\n  message\n  at\n}\n\nfragment RestoreProgressParts on RestoreProgress {\n  restoreId\n  sequence\n  status\n  phase\n  component\n  percent\n  processedBytes\n  totalBytes\n  processedFiles\n  totalFiles\n  bytesPerSecond\n  etaSeconds\n  message\n  at\n}": typeof types.BackupProgressPartsFragmentDoc,
    "query RepositoryVerification {\n  repositoryVerification {\n    days\n    isRunning\n    objects\n    totalBytes\n    checkedBytes\n    coveredPercent\n    oldestAt\n    damagedObjects\n  }\n}": typeof types.RepositoryVerificationDocument,
    "fragment RestoreParts on Restore {\n  id\n  backupId\n  backupName\n  status\n  components\n  overwrite\n  validateOnly\n  validated\n  restorePointId\n  restoredFiles\n  skippedFiles\n  restoredBytes\n  createdAt\n  startedAt\n  completedAt\n  createdBy\n  error {\n    code\n    message\n  }\n}": typeof types.RestorePartsFragmentDoc,
    "subscription RestoreProgress($id: ID!, $after: Int) {\n  restoreProgress(id: $id, after: $after) {\n    ...RestoreProgressParts\n  }\n}": typeof types.RestoreProgressDocument,
    "query Restore($id: ID!) {\n  restore(id: $id) {\n    ...RestoreParts\n    backup {\n      ...BackupParts\n    }\n    progress {\n      ...RestoreProgressParts\n    }\n  }\n}": typeof types.RestoreDocument,
    "query Restores($page: Int! = 1, $limit: Int! = 10, $filter: RestoreFilter) {\n  restores(page: $page, limit: $limit, filter: $filter) {\n    items {\n      ...RestoreParts\n    }\n    pagination {\n      ...PaginationParts\n    }\n    summary {\n      total\n      completed\n      failed\n      running\n      rolledBack\n      validated\n    }\n  }\n}": typeof types.RestoresDocument,
    "mutation RunSchedule($id: ID!) {\n  runSchedule(id: $id) {\n    backup {\n      ...BackupParts\n    }\n  }\n}": typeof types.RunScheduleDocument,
    "fragment ScheduleParts on Schedule {\n  id\n  name\n  cron\n  timeZone\n  enabled\n  components\n  encrypt\n  compress\n  retentionDays\n  jitterSeconds\n  keepLast\n  keepHourly\n  keepDaily\n  keepWeekly\n  keepMonthly\n  keepYearly\n  pingUrl\n  nextRunAt\n  nextRuns(count: 5)\n  lastRunAt\n  lastSkippedAt\n  lastSkipReason\n  lastBackup {\n    id\n    name\n    status\n    createdAt\n    completedAt\n  }\n}": typeof types.SchedulePartsFragmentDoc,
    "query Schedules {\n  schedules {\n    ...ScheduleParts\n  }\n}": typeof types.SchedulesDocument,
    "query Storage {\n  storage {\n    location\n    usedBytes\n    freeBytes\n    sizeBytes\n    reductionRatio\n  }\n}": typeof types.StorageDocument,
    "mutation TestRestore($id: ID!) {\n  testRestore(id: $id) {\n    id\n    status\n    startedAt\n  }\n}": typeof types.TestRestoreDocument,
    "mutation UpdateSchedule($id: ID!, $input: ScheduleInput!) {\n  updateSchedule(id: $id, input: $input) {\n    ...ScheduleParts\n  }\n}": typeof types.UpdateScheduleDocument,
    "mutation VerifyBackup($id: ID!) {\n  verifyBackup(id: $id) {\n    id\n    status\n    checkedBytes\n    startedAt\n  }\n}": typeof types.VerifyBackupDocument,
};
const documents: Documents = {
    "fragment AlertParts on Alert {\n  id\n  kind\n  subject\n  message\n  count\n  raisedAt\n  lastRaisedAt\n  resolvedAt\n  delivery {\n    state\n    attempts\n    lastError\n  }\n}": types.AlertPartsFragmentDoc,
    "query Alerts($page: Int! = 1, $limit: Int! = 50, $open: Boolean) {\n  alerts(page: $page, limit: $limit, open: $open) {\n    items {\n      ...AlertParts\n    }\n    pagination {\n      ...PaginationParts\n    }\n  }\n}": types.AlertsDocument,
    "query AuditLog($page: Int! = 1, $limit: Int! = 50, $filter: AuditFilter) {\n  auditLog(page: $page, limit: $limit, filter: $filter) {\n    items {\n      id\n      at\n      actor\n      role\n      action\n      target\n      outcome\n      remoteAddress\n      detail\n    }\n    pagination {\n      ...PaginationParts\n    }\n  }\n}": types.AuditLogDocument,
    "query AuditVerify {\n  auditVerify {\n    ok\n    checkedEntries\n    firstSequence\n    lastSequence\n    brokenId\n    reason\n  }\n}": types.AuditVerifyDocument,
    "query BackupDownload($id: ID!, $format: ArchiveFormat! = TAR_ZST) {\n  backup(id: $id) {\n    id\n    downloadUrl(format: $format)\n  }\n}": types.BackupDownloadDocument,
    "fragment BackupParts on Backup {\n  id\n  name\n  type\n  status\n  trigger\n  sizeBytes\n  storedBytes\n  fileCount\n  encrypted\n  compressed\n  retentionDays\n  expiresAt\n  pinned\n  createdAt\n  startedAt\n  completedAt\n  createdBy\n  scheduleId\n  suspicious\n  error {\n    code\n    message\n  }\n}\n\nfragment BackupDetailParts on Backup {\n  ...BackupParts\n  checksum\n  notices\n  suspicion\n  confirmedAt\n  components {\n    component\n    source\n    sizeBytes\n    storedBytes\n    fileCount\n    checksum\n  }\n  progress {\n    ...BackupProgressParts\n  }\n  verification {\n    id\n    status\n    checkedBytes\n    startedAt\n    completedAt\n    error {\n      code\n      message\n    }\n  }\n}": types.BackupPartsFragmentDoc,
    "subscription BackupProgress($id: ID!, $after: Int) {\n  backupProgress(id: $id, after: $after) {\n    ...BackupProgressParts\n  }\n}": types.BackupProgressDocument,
    "query BackupProofs($id: ID!) {\n  backup(id: $id) {\n    id\n    verification {\n      id\n      status\n      checkedBytes\n      startedAt\n      completedAt\n      error {\n        code\n        message\n      }\n    }\n    restoreTest {\n      id\n      status\n      checkedBytes\n      startedAt\n      completedAt\n      version\n      components {\n        component\n        files\n        sizeBytes\n        seconds\n        tables {\n          name\n          rows\n        }\n        findings\n      }\n      error {\n        code\n        message\n      }\n    }\n  }\n}": types.BackupProofsDocument,
    "query Backup($id: ID!) {\n  backup(id: $id) {\n    ...BackupDetailParts\n  }\n}": types.BackupDocument,
    "query Backups($page: Int! = 1, $limit: Int! = 10, $filter: BackupFilter, $sort: BackupSort) {\n  backups(page: $page, limit: $limit, filter: $filter, sort: $sort) {\n    items {\n      ...BackupParts\n    }\n    pagination {\n      ...PaginationParts\n    }\n    summary {\n      total\n      completed\n      failed\n      running\n      totalSizeBytes\n      totalStoredBytes\n      oldest\n      newest\n    }\n  }\n}": types.BackupsDocument,
    "mutation CancelBackup($id: ID!) {\n  cancelBackup(id: $id) {\n    ...BackupParts\n  }\n}": types.CancelBackupDocument,
    "mutation CancelRestore($id: ID!) {\n  cancelRestore(id: $id) {\n    ...RestoreParts\n  }\n}": types.CancelRestoreDocument,
    "mutation Cleanup($dryRun: Boolean!) {\n  cleanup(dryRun: $dryRun) {\n    dryRun\n    reclaimedBytes\n    suspended\n    expiredBackups {\n      ...BackupParts\n    }\n    kept {\n      backup {\n        ...BackupParts\n      }\n      reasons\n    }\n  }\n}": types.CleanupDocument,
    "mutation CloseAlert($id: ID!) {\n  closeAlert(id: $id) {\n    ...AlertParts\n  }\n}": types.CloseAlertDocument,
    "mutation ConfirmBackup($id: ID!) {\n  confirmBackup(id: $id) {\n    ...BackupDetailParts\n  }\n}": types.ConfirmBackupDocument,
    "mutation CreateBackup($input: CreateBackupInput!) {\n  createBackup(input: $input) {\n    backup {\n      ...BackupParts\n    }\n  }\n}": types.CreateBackupDocument,
    "mutation CreateRestore($input: CreateRestoreInput!) {\n  createRestore(input: $input) {\n    restore {\n      ...RestoreParts\n    }\n  }\n}": types.CreateRestoreDocument,
    "mutation CreateSchedule($input: ScheduleInput!) {\n  createSchedule(input: $input) {\n    ...ScheduleParts\n  }\n}": types.CreateScheduleDocument,
    "mutation DeleteBackup($id: ID!) {\n  deleteBackup(id: $id) {\n    deletedId\n  }\n}": types.DeleteBackupDocument,
    "mutation DeleteBackups($ids: [ID!]!) {\n  deleteBackups(ids: $ids) {\n    id\n    error {\n      code\n      message\n    }\n  }\n}": types.DeleteBackupsDocument,
    "mutation DeleteSchedule($id: ID!) {\n  deleteSchedule(id: $id)\n}": types.DeleteScheduleDocument,
    "query Health {\n  health {\n    status\n    version\n    uptimeSeconds\n    checks {\n      name\n      status\n      message\n    }\n  }\n}": types.HealthDocument,
    "subscription OperationChanged {\n  operationChanged {\n    ... on Backup {\n      id\n      name\n      backupStatus: status\n      sizeBytes\n      storedBytes\n      completedAt\n      error {\n        code\n        message\n      }\n    }\n    ... on Restore {\n      id\n      backupId\n      backupName\n      restoreStatus: status\n      restoredFiles\n      restoredBytes\n      completedAt\n      error {\n        code\n        message\n      }\n    }\n  }\n}": types.OperationChangedDocument,
    "fragment PaginationParts on Pagination {\n  page\n  limit\n  total\n  totalPages\n  hasNext\n  hasPrev\n}": types.PaginationPartsFragmentDoc,
    "mutation PinBackup($id: ID!, $pinned: Boolean!) {\n  pinBackup(id: $id, pinned: $pinned) {\n    ...BackupParts\n  }\n}": types.PinBackupDocument,
    "fragment BackupProgressParts on BackupProgress {\n  backupId\n  sequence\n  status\n  phase\n  component\n  percent\n  processedBytes\n  totalBytes\n  storedBytes\n  processedFiles\n  totalFiles\n  bytesPerSecond\n  etaSeconds\n  message\n  at\n}\n\nfragment RestoreProgressParts on RestoreProgress {\n  restoreId\n  sequence\n  status\n  phase\n  component\n  percent\n  processedBytes\n  totalBytes\n  processedFiles\n  totalFiles\n  bytesPerSecond\n  etaSeconds\n  message\n  at\n}": types.BackupProgressPartsFragmentDoc,
    "query RepositoryVerification {\n  repositoryVerification {\n    days\n    isRunning\n    objects\n    totalBytes\n    checkedBytes\n    coveredPercent\n    oldestAt\n    damagedObjects\n  }\n}": types.RepositoryVerificationDocument,
    "fragment RestoreParts on Restore {\n  id\n  backupId\n  backupName\n  status\n  components\n  overwrite\n  validateOnly\n  validated\n  restorePointId\n  restoredFiles\n  skippedFiles\n  restoredBytes\n  createdAt\n  startedAt\n  completedAt\n  createdBy\n  error {\n    code\n    message\n  }\n}": types.RestorePartsFragmentDoc,
    "subscription RestoreProgress($id: ID!, $after: Int) {\n  restoreProgress(id: $id, after: $after) {\n    ...RestoreProgressParts\n  }\n}": types.RestoreProgressDocument,
    "query Restore($id: ID!) {\n  restore(id: $id) {\n    ...RestoreParts\n    backup {\n      ...BackupParts\n    }\n    progress {\n      ...RestoreProgressParts\n    }\n  }\n}": types.RestoreDocument,
    "query Restores($page: Int! = 1, $limit: Int! = 10, $filter: RestoreFilter) {\n  restores(page: $page, limit: $limit, filter: $filter) {\n    items {\n      ...RestoreParts\n    }\n    pagination {\n      ...PaginationParts\n    }\n    summary {\n      total\n      completed\n      failed\n      running\n      rolledBack\n      validated\n    }\n  }\n}": types.RestoresDocument,
    "mutation RunSchedule($id: ID!) {\n  runSchedule(id: $id) {\n    backup {\n      ...BackupParts\n    }\n  }\n}": types.RunScheduleDocument,
    "fragment ScheduleParts on Schedule {\n  id\n  name\n  cron\n  timeZone\n  enabled\n  components\n  encrypt\n  compress\n  retentionDays\n  jitterSeconds\n  keepLast\n  keepHourly\n  keepDaily\n  keepWeekly\n  keepMonthly\n  keepYearly\n  pingUrl\n  nextRunAt\n  nextRuns(count: 5)\n  lastRunAt\n  lastSkippedAt\n  lastSkipReason\n  lastBackup {\n    id\n    name\n    status\n    createdAt\n    completedAt\n  }\n}": types.SchedulePartsFragmentDoc,
    "query Schedules {\n  schedules {\n    ...ScheduleParts\n  }\n}": types.SchedulesDocument,
    "query Storage {\n  storage {\n    location\n    usedBytes\n    freeBytes\n    sizeBytes\n    reductionRatio\n  }\n}": types.StorageDocument,
    "mutation TestRestore($id: ID!) {\n  testRestore(id: $id) {\n    id\n    status\n    startedAt\n  }\n}": types.TestRestoreDocument,
    "mutation UpdateSchedule($id: ID!, $input: ScheduleInput!) {\n  updateSchedule(id: $id, input: $input) {\n    ...ScheduleParts\n  }\n}": types.UpdateScheduleDocument,
    "mutation VerifyBackup($id: ID!) {\n  verifyBackup(id: $id) {\n    id\n    status\n    checkedBytes\n    startedAt\n  }\n}": types.VerifyBackupDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "fragment AlertParts on Alert {\n  id\n  kind\n  subject\n  message\n  count\n  raisedAt\n  lastRaisedAt\n  resolvedAt\n  delivery {\n    state\n    attempts\n    lastError\n  }\n}"): typeof import('./graphql.js').AlertPartsFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Alerts($page: Int! = 1, $limit: Int! = 50, $open: Boolean) {\n  alerts(page: $page, limit: $limit, open: $open) {\n    items {\n      ...AlertParts\n    }\n    pagination {\n      ...PaginationParts\n    }\n  }\n}"): typeof import('./graphql.js').AlertsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query AuditLog($page: Int! = 1, $limit: Int! = 50, $filter: AuditFilter) {\n  auditLog(page: $page, limit: $limit, filter: $filter) {\n    items {\n      id\n      at\n      actor\n      role\n      action\n      target\n      outcome\n      remoteAddress\n      detail\n    }\n    pagination {\n      ...PaginationParts\n    }\n  }\n}"): typeof import('./graphql.js').AuditLogDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query AuditVerify {\n  auditVerify {\n    ok\n    checkedEntries\n    firstSequence\n    lastSequence\n    brokenId\n    reason\n  }\n}"): typeof import('./graphql.js').AuditVerifyDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query BackupDownload($id: ID!, $format: ArchiveFormat! = TAR_ZST) {\n  backup(id: $id) {\n    id\n    downloadUrl(format: $format)\n  }\n}"): typeof import('./graphql.js').BackupDownloadDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "fragment BackupParts on Backup {\n  id\n  name\n  type\n  status\n  trigger\n  sizeBytes\n  storedBytes\n  fileCount\n  encrypted\n  compressed\n  retentionDays\n  expiresAt\n  pinned\n  createdAt\n  startedAt\n  completedAt\n  createdBy\n  scheduleId\n  suspicious\n  error {\n    code\n    message\n  }\n}\n\nfragment BackupDetailParts on Backup {\n  ...BackupParts\n  checksum\n  notices\n  suspicion\n  confirmedAt\n  components {\n    component\n    source\n    sizeBytes\n    storedBytes\n    fileCount\n    checksum\n  }\n  progress {\n    ...BackupProgressParts\n  }\n  verification {\n    id\n    status\n    checkedBytes\n    startedAt\n    completedAt\n    error {\n      code\n      message\n    }\n  }\n}"): typeof import('./graphql.js').BackupPartsFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "subscription BackupProgress($id: ID!, $after: Int) {\n  backupProgress(id: $id, after: $after) {\n    ...BackupProgressParts\n  }\n}"): typeof import('./graphql.js').BackupProgressDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query BackupProofs($id: ID!) {\n  backup(id: $id) {\n    id\n    verification {\n      id\n      status\n      checkedBytes\n      startedAt\n      completedAt\n      error {\n        code\n        message\n      }\n    }\n    restoreTest {\n      id\n      status\n      checkedBytes\n      startedAt\n      completedAt\n      version\n      components {\n        component\n        files\n        sizeBytes\n        seconds\n        tables {\n          name\n          rows\n        }\n        findings\n      }\n      error {\n        code\n        message\n      }\n    }\n  }\n}"): typeof import('./graphql.js').BackupProofsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Backup($id: ID!) {\n  backup(id: $id) {\n    ...BackupDetailParts\n  }\n}"): typeof import('./graphql.js').BackupDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Backups($page: Int! = 1, $limit: Int! = 10, $filter: BackupFilter, $sort: BackupSort) {\n  backups(page: $page, limit: $limit, filter: $filter, sort: $sort) {\n    items {\n      ...BackupParts\n    }\n    pagination {\n      ...PaginationParts\n    }\n    summary {\n      total\n      completed\n      failed\n      running\n      totalSizeBytes\n      totalStoredBytes\n      oldest\n      newest\n    }\n  }\n}"): typeof import('./graphql.js').BackupsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation CancelBackup($id: ID!) {\n  cancelBackup(id: $id) {\n    ...BackupParts\n  }\n}"): typeof import('./graphql.js').CancelBackupDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation CancelRestore($id: ID!) {\n  cancelRestore(id: $id) {\n    ...RestoreParts\n  }\n}"): typeof import('./graphql.js').CancelRestoreDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation Cleanup($dryRun: Boolean!) {\n  cleanup(dryRun: $dryRun) {\n    dryRun\n    reclaimedBytes\n    suspended\n    expiredBackups {\n      ...BackupParts\n    }\n    kept {\n      backup {\n        ...BackupParts\n      }\n      reasons\n    }\n  }\n}"): typeof import('./graphql.js').CleanupDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation CloseAlert($id: ID!) {\n  closeAlert(id: $id) {\n    ...AlertParts\n  }\n}"): typeof import('./graphql.js').CloseAlertDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation ConfirmBackup($id: ID!) {\n  confirmBackup(id: $id) {\n    ...BackupDetailParts\n  }\n}"): typeof import('./graphql.js').ConfirmBackupDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation CreateBackup($input: CreateBackupInput!) {\n  createBackup(input: $input) {\n    backup {\n      ...BackupParts\n    }\n  }\n}"): typeof import('./graphql.js').CreateBackupDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation CreateRestore($input: CreateRestoreInput!) {\n  createRestore(input: $input) {\n    restore {\n      ...RestoreParts\n    }\n  }\n}"): typeof import('./graphql.js').CreateRestoreDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation CreateSchedule($input: ScheduleInput!) {\n  createSchedule(input: $input) {\n    ...ScheduleParts\n  }\n}"): typeof import('./graphql.js').CreateScheduleDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation DeleteBackup($id: ID!) {\n  deleteBackup(id: $id) {\n    deletedId\n  }\n}"): typeof import('./graphql.js').DeleteBackupDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation DeleteBackups($ids: [ID!]!) {\n  deleteBackups(ids: $ids) {\n    id\n    error {\n      code\n      message\n    }\n  }\n}"): typeof import('./graphql.js').DeleteBackupsDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation DeleteSchedule($id: ID!) {\n  deleteSchedule(id: $id)\n}"): typeof import('./graphql.js').DeleteScheduleDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Health {\n  health {\n    status\n    version\n    uptimeSeconds\n    checks {\n      name\n      status\n      message\n    }\n  }\n}"): typeof import('./graphql.js').HealthDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "subscription OperationChanged {\n  operationChanged {\n    ... on Backup {\n      id\n      name\n      backupStatus: status\n      sizeBytes\n      storedBytes\n      completedAt\n      error {\n        code\n        message\n      }\n    }\n    ... on Restore {\n      id\n      backupId\n      backupName\n      restoreStatus: status\n      restoredFiles\n      restoredBytes\n      completedAt\n      error {\n        code\n        message\n      }\n    }\n  }\n}"): typeof import('./graphql.js').OperationChangedDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "fragment PaginationParts on Pagination {\n  page\n  limit\n  total\n  totalPages\n  hasNext\n  hasPrev\n}"): typeof import('./graphql.js').PaginationPartsFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation PinBackup($id: ID!, $pinned: Boolean!) {\n  pinBackup(id: $id, pinned: $pinned) {\n    ...BackupParts\n  }\n}"): typeof import('./graphql.js').PinBackupDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "fragment BackupProgressParts on BackupProgress {\n  backupId\n  sequence\n  status\n  phase\n  component\n  percent\n  processedBytes\n  totalBytes\n  storedBytes\n  processedFiles\n  totalFiles\n  bytesPerSecond\n  etaSeconds\n  message\n  at\n}\n\nfragment RestoreProgressParts on RestoreProgress {\n  restoreId\n  sequence\n  status\n  phase\n  component\n  percent\n  processedBytes\n  totalBytes\n  processedFiles\n  totalFiles\n  bytesPerSecond\n  etaSeconds\n  message\n  at\n}"): typeof import('./graphql.js').BackupProgressPartsFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query RepositoryVerification {\n  repositoryVerification {\n    days\n    isRunning\n    objects\n    totalBytes\n    checkedBytes\n    coveredPercent\n    oldestAt\n    damagedObjects\n  }\n}"): typeof import('./graphql.js').RepositoryVerificationDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "fragment RestoreParts on Restore {\n  id\n  backupId\n  backupName\n  status\n  components\n  overwrite\n  validateOnly\n  validated\n  restorePointId\n  restoredFiles\n  skippedFiles\n  restoredBytes\n  createdAt\n  startedAt\n  completedAt\n  createdBy\n  error {\n    code\n    message\n  }\n}"): typeof import('./graphql.js').RestorePartsFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "subscription RestoreProgress($id: ID!, $after: Int) {\n  restoreProgress(id: $id, after: $after) {\n    ...RestoreProgressParts\n  }\n}"): typeof import('./graphql.js').RestoreProgressDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Restore($id: ID!) {\n  restore(id: $id) {\n    ...RestoreParts\n    backup {\n      ...BackupParts\n    }\n    progress {\n      ...RestoreProgressParts\n    }\n  }\n}"): typeof import('./graphql.js').RestoreDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Restores($page: Int! = 1, $limit: Int! = 10, $filter: RestoreFilter) {\n  restores(page: $page, limit: $limit, filter: $filter) {\n    items {\n      ...RestoreParts\n    }\n    pagination {\n      ...PaginationParts\n    }\n    summary {\n      total\n      completed\n      failed\n      running\n      rolledBack\n      validated\n    }\n  }\n}"): typeof import('./graphql.js').RestoresDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation RunSchedule($id: ID!) {\n  runSchedule(id: $id) {\n    backup {\n      ...BackupParts\n    }\n  }\n}"): typeof import('./graphql.js').RunScheduleDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "fragment ScheduleParts on Schedule {\n  id\n  name\n  cron\n  timeZone\n  enabled\n  components\n  encrypt\n  compress\n  retentionDays\n  jitterSeconds\n  keepLast\n  keepHourly\n  keepDaily\n  keepWeekly\n  keepMonthly\n  keepYearly\n  pingUrl\n  nextRunAt\n  nextRuns(count: 5)\n  lastRunAt\n  lastSkippedAt\n  lastSkipReason\n  lastBackup {\n    id\n    name\n    status\n    createdAt\n    completedAt\n  }\n}"): typeof import('./graphql.js').SchedulePartsFragmentDoc;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Schedules {\n  schedules {\n    ...ScheduleParts\n  }\n}"): typeof import('./graphql.js').SchedulesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Storage {\n  storage {\n    location\n    usedBytes\n    freeBytes\n    sizeBytes\n    reductionRatio\n  }\n}"): typeof import('./graphql.js').StorageDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation TestRestore($id: ID!) {\n  testRestore(id: $id) {\n    id\n    status\n    startedAt\n  }\n}"): typeof import('./graphql.js').TestRestoreDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation UpdateSchedule($id: ID!, $input: ScheduleInput!) {\n  updateSchedule(id: $id, input: $input) {\n    ...ScheduleParts\n  }\n}"): typeof import('./graphql.js').UpdateScheduleDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation VerifyBackup($id: ID!) {\n  verifyBackup(id: $id) {\n    id\n    status\n    checkedBytes\n    startedAt\n  }\n}"): typeof import('./graphql.js').VerifyBackupDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
