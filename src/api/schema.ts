/**
 * The GraphQL API, whole: the schema with its guards, and what a transport needs to serve it. Both
 * transports (HTTP and WebSocket) are given the same `Api`, so that they cannot differ in what they admit,
 * refuse, or tell about an error. Knows nothing of HTTP.
 */
import 'reflect-metadata';
import { MapperKind, mapSchema } from '@graphql-tools/utils';
import type { ExecutionArgs, GraphQLError, GraphQLSchema, ParseOptions, ValidationRule } from 'graphql';
import type { Logger } from 'pino';
import { buildSchemaSync } from 'type-graphql';
import type { AlertService } from '../services/alert-service.js';
import type { AuditService } from '../services/audit-service.js';
import type { BackupCheckService } from '../services/backup-check-service.js';
import type { BackupService } from '../services/backup-service.js';
import type { CleanupService } from '../services/cleanup-service.js';
import type { DownloadService } from '../services/download-service.js';
import type { HealthService } from '../services/health-service.js';
import type { OperationFeed } from '../services/operation-feed.js';
import type { ProgressService } from '../services/progress-service.js';
import type { RepositoryVerification } from '../services/repository-verification.js';
import type { RestoreService } from '../services/restore-service.js';
import type { ScheduleService } from '../services/schedules/schedule-service.js';
import type { StorageService } from '../services/storage-service.js';
import type { Clock } from '../shared/clock.js';
import { type AppError, invariant } from '../shared/errors.js';
import type { Random } from '../shared/random.js';
import { AlertResolver } from './alert/alert.resolver.js';
import { AuditResolver } from './audit/audit.resolver.js';
import { Access } from './auth/access.js';
import { declareAuth, enforceAuth } from './auth/auth-directive.js';
import { BackupResolver } from './backup/backup.resolver.js';
import { BackupFieldsResolver } from './backup/backup-fields.resolver.js';
import { CleanupResolver } from './cleanup/cleanup.resolver.js';
import type { ApiContext, RequestInfo } from './context.js';
import { createErrorFormatter, type ErrorFormatter, statusOf } from './format-error.js';
import { HealthResolver } from './health/health.resolver.js';
import { createQueryLimitRule, DEFAULT_QUERY_LIMITS, MAX_TOKENS } from './limits/query-limits.js';
import { createLoaders } from './loaders.js';
import { OperationChangeResolver } from './operation/operation-change.resolver.js';
import {
  type OperationRequest,
  type PreparedOperation,
  prepareOperation,
  toGraphQLError,
} from './prepare-operation.js';
import { ProgressResolver } from './progress/progress.resolver.js';
import { RepositoryResolver } from './repository/repository.resolver.js';
import { RestoreResolver } from './restore/restore.resolver.js';
import { RestoreFieldsResolver } from './restore/restore-fields.resolver.js';
import { executeOperation, inRequest } from './run-operation.js';
import { ScheduleResolver } from './schedule/schedule.resolver.js';
import { ScheduleFieldsResolver } from './schedule/schedule-fields.resolver.js';
import { SharedSubscriptions, type SubscriptionAnswer } from './shared-subscriptions.js';
import { StorageResolver } from './storage/storage.resolver.js';
import { ValidatedDocuments } from './validated-documents.js';
import { VerificationResolver } from './verification/verification.resolver.js';

/** What the API works with; `Pick` names what it uses. */
export interface ApiDeps {
  backups: Pick<
    BackupService,
    'list' | 'get' | 'findAll' | 'create' | 'delete' | 'deleteAll' | 'cancel' | 'pin' | 'confirm'
  >;
  restores: Pick<RestoreService, 'list' | 'get' | 'create' | 'cancel'>;
  downloads: Pick<DownloadService, 'createLink'>;
  progress: Pick<
    ProgressService,
    'backupProgress' | 'restoreProgress' | 'latestBackupProgresses' | 'latestRestoreProgresses'
  >;
  schedules: Pick<
    ScheduleService,
    'list' | 'create' | 'update' | 'delete' | 'run' | 'nextRuns' | 'lastBackup'
  >;
  cleanup: Pick<CleanupService, 'run'>;
  checks: Pick<BackupCheckService, 'start' | 'latest'>;
  repository: Pick<RepositoryVerification, 'coverage'>;
  operations: Pick<OperationFeed, 'subscribe'>;
  audit: Pick<AuditService, 'record' | 'list' | 'verify'>;
  health: Pick<HealthService, 'check'>;
  storage: Pick<StorageService, 'status'>;
  alerts: Pick<AlertService, 'list' | 'close' | 'findDelivery'>;
  logger: Logger;
  clock: Clock;
  random: Pick<Random, 'uuid'>;
}

/** What resolvers are given when they are made. */
export type SchemaDeps = Omit<ApiDeps, 'progress' | 'operations' | 'logger' | 'clock' | 'random'>;

/** What a transport serves. */
export interface Api {
  schema: GraphQLSchema;
  parseOptions: ParseOptions;
  /** To be applied besides those of GraphQL itself. */
  validationRules: ValidationRule[];
  createContext(request: RequestInfo): ApiContext;
  /** Settles an operation before it is parsed; null lets it pass. */
  admit(query: unknown, context: ApiContext): Promise<AppError | null>;
  /**
   * Settles a request for something beside GraphQL, which only administrators may have; null lets it pass. A refusal is
   * audited.
   * @param target what was asked for, in the audit log
   */
  authorize(context: ApiContext, target: string): Promise<AppError | null>;
  /** Parses and validates an operation for a transport that has no Apollo Server to do so. */
  prepare(request: OperationRequest, context: ApiContext): Promise<PreparedOperation>;
  /** Runs a prepared query or mutation. */
  execute: typeof executeOperation;
  /** Begins a prepared subscription. */
  subscribe(operation: ExecutionArgs): Promise<SubscriptionAnswer>;
  /** `error` as a transport answers it that has no Apollo Server. */
  refuse(error: AppError): readonly GraphQLError[];
  formatError: ErrorFormatter;
  /** HTTP status of an answer that holds these errors. */
  statusOf: typeof statusOf;
}

const ROOT_DESCRIPTIONS: Record<string, string> = {
  Query: 'What can be asked without changing anything.',
  Mutation: 'What changes something.',
  Subscription: 'What sends events as they happen, over WebSocket.',
};

/**
 * Builds the API over `deps`.
 * @param options.production hides the schema from all but administrators
 */
export function createApi(deps: ApiDeps, options: { production: boolean }): Api {
  const access = new Access(deps, { openIntrospection: !options.production });
  const schema = enforceAuth(buildDeclaredSchema(deps), (context, role, coordinate) =>
    access.requireRole(context, role, coordinate),
  );
  const validationRules = [createQueryLimitRule(DEFAULT_QUERY_LIMITS)];
  const documents = new ValidatedDocuments();
  const subscriptions = new SharedSubscriptions(deps.clock);
  const admit: Api['admit'] = (query, context) => access.admit(query, context);
  return {
    schema,
    parseOptions: { maxTokens: MAX_TOKENS },
    validationRules,
    createContext: (request) => ({
      ...request,
      progress: deps.progress,
      operations: deps.operations,
      loaders: createLoaders(deps),
      denial: { recorded: false },
    }),
    admit,
    authorize: (context, target) => access.authorize(context, target),
    prepare: (request, context) =>
      prepareOperation({ schema, validationRules, admit, documents }, request, context),
    execute: executeOperation,
    subscribe: (operation) => inRequest(operation, () => subscriptions.subscribe(operation)),
    refuse: (error) => [toGraphQLError(error)],
    formatError: createErrorFormatter(deps, { hideSuggestions: options.production }),
    statusOf,
  };
}

/** The schema as it is published, with `@auth` declared but not yet enforced. */
export function buildDeclaredSchema(deps: SchemaDeps): GraphQLSchema {
  const container = new Map<unknown, object>([
    [BackupResolver, new BackupResolver(deps.backups)],
    [BackupFieldsResolver, new BackupFieldsResolver(deps.downloads, deps.checks)],
    [RestoreResolver, new RestoreResolver(deps.restores)],
    [RestoreFieldsResolver, new RestoreFieldsResolver()],
    [ScheduleResolver, new ScheduleResolver(deps.schedules)],
    [ScheduleFieldsResolver, new ScheduleFieldsResolver(deps.schedules)],
    [CleanupResolver, new CleanupResolver(deps.cleanup)],
    [VerificationResolver, new VerificationResolver(deps.checks)],
    [RepositoryResolver, new RepositoryResolver(deps.repository)],
    [ProgressResolver, new ProgressResolver()],
    [OperationChangeResolver, new OperationChangeResolver()],
    [AuditResolver, new AuditResolver(deps.audit)],
    [HealthResolver, new HealthResolver(deps.health)],
    [StorageResolver, new StorageResolver(deps.storage)],
    [AlertResolver, new AlertResolver(deps.alerts)],
  ]);
  const schema = buildSchemaSync({
    resolvers: [
      BackupResolver,
      BackupFieldsResolver,
      RestoreResolver,
      RestoreFieldsResolver,
      ScheduleResolver,
      ScheduleFieldsResolver,
      CleanupResolver,
      VerificationResolver,
      RepositoryResolver,
      ProgressResolver,
      OperationChangeResolver,
      AuditResolver,
      HealthResolver,
      StorageResolver,
      AlertResolver,
    ],
    container: { get: (resolver) => container.get(resolver) },
    pubSub: NO_PUB_SUB,
    // The services check what they are given, so that every way in has the same rules.
    validate: false,
  });
  return describeRoots(declareAuth(schema));
}

// type-graphql insists on a pub-sub even where every subscription brings its own source.
const NO_PUB_SUB = {
  publish: () => invariant(false, 'Events go through OperationFeed and ProgressService'),
  subscribe: (): AsyncIterable<unknown> => {
    throw new Error('Every subscription must name its own source');
  },
};

// type-graphql has no place for a description of the three root types.
function describeRoots(schema: GraphQLSchema): GraphQLSchema {
  return mapSchema(schema, {
    [MapperKind.ROOT_OBJECT]: (type) => {
      type.description = ROOT_DESCRIPTIONS[type.name];
      return type;
    },
  });
}
