import { type DocumentNode, Kind, parse, visit } from 'graphql';
import type { Logger } from 'pino';
import type { AuditService } from '../../services/audit-service.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, ForbiddenError, toContractCode, UnauthenticatedError } from '../../shared/errors.js';
import type { Role } from '../../shared/operation.js';
import type { ApiContext } from '../context.js';
import { MAX_TOKENS } from '../limits/query-limits.js';
import { DenialLog } from './denial-log.js';

/** The role that may look at the schema of a server that does not show it to everybody. */
const INTROSPECTION_ROLE: Role = 'ADMIN';

/**
 * Decides who may do what, and writes every refusal to the audit log.
 *
 * Strangers learn nothing: whatever they send, the answer is UNAUTHENTICATED, before the document is even
 * validated. The one exception is introspection where `openIntrospection` is set, which is for development.
 */
export class Access {
  private readonly denials: DenialLog;

  constructor(
    private readonly deps: { audit: Pick<AuditService, 'record'>; logger: Logger; clock: Clock },
    private readonly options: { openIntrospection: boolean },
  ) {
    this.denials = new DenialLog(deps.audit, deps.clock);
  }

  /**
   * Settles a call to the field at `coordinate` (`Type.field`) that requires `role`.
   * @throws UnauthenticatedError for strangers and when the token has run out since the request began
   * @throws ForbiddenError when the token carries another role
   */
  async requireRole(context: ApiContext, role: Role, coordinate: string): Promise<void> {
    const refusal = this.findRefusal(context, role);
    if (refusal) throw await this.refuse(context, refusal, coordinate);
  }

  /**
   * Settles an operation before it is validated; null lets it pass on to `@auth`.
   * @param query text of the document as it came in, of whatever type
   */
  async admit(query: unknown, context: ApiContext): Promise<AppError | null> {
    const refusal = this.findRefusal(context, INTROSPECTION_ROLE);
    if (!refusal) return null;
    const document = typeof query === 'string' ? tryParse(query) : null;
    if (this.options.openIntrospection && document && selectsOnlySchema(document)) return null;
    if (context.caller.kind === 'stranger') return this.refuse(context, refusal, 'request');
    if (!this.options.openIntrospection && document && mentionsSchema(document)) {
      return this.refuse(context, refusal, 'Query.__schema');
    }
    return null;
  }

  /** Settles a request for `target`, which is no field of the schema and needs an administrator; null lets it pass. */
  async authorize(context: ApiContext, target: string): Promise<AppError | null> {
    const refusal = this.findRefusal(context, 'ADMIN');
    return refusal && this.refuse(context, refusal, target);
  }

  private findRefusal({ caller }: ApiContext, role: Role): AppError | null {
    if (caller.kind === 'stranger') return caller.refusal;
    if (caller.expiresAt <= this.deps.clock.now()) {
      return new UnauthenticatedError(
        `The token expired at ${caller.expiresAt.toISOString()}; sign in again`,
      );
    }
    if (caller.actor.role === role) return null;
    return new ForbiddenError(`This needs a token with the role ${role}, found ${caller.actor.role}`, {
      details: { requires: role },
    });
  }

  private async refuse(context: ApiContext, refusal: AppError, target: string): Promise<AppError> {
    if (context.denial.recorded) return refusal;
    context.denial.recorded = true;
    const actor = context.caller.kind === 'known' ? context.caller.actor : null;
    const event = {
      actor: actor?.subject ?? 'anonymous',
      role: actor?.role ?? null,
      action: 'auth.denied',
      target,
      outcome: toContractCode(refusal.code),
      remoteAddress: context.remoteAddress,
    };
    try {
      await this.denials.record(event, actor === null);
    } catch (error) {
      // The refusal stands whether or not it could be written down; the log is the second place to find it.
      this.deps.logger.error(
        { err: error, event, requestId: context.requestId },
        'Refusal could not be audited',
      );
    }
    return refusal;
  }
}

/** Null for text that is not GraphQL; whoever may know why is told by the validation that follows. */
function tryParse(query: string): DocumentNode | null {
  try {
    return parse(query, { maxTokens: MAX_TOKENS, noLocation: true });
  } catch {
    return null;
  }
}

function isSchemaField(name: string): boolean {
  return name === '__schema' || name === '__type' || name === '__typename';
}

function selectsOnlySchema(document: DocumentNode): boolean {
  return document.definitions.every(
    (definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ||
      (definition.kind === Kind.OPERATION_DEFINITION &&
        definition.selectionSet.selections.every(
          (selection) => selection.kind === Kind.FIELD && isSchemaField(selection.name.value),
        )),
  );
}

function mentionsSchema(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Field(node) {
      if (node.name.value === '__schema' || node.name.value === '__type') found = true;
    },
  });
  return found;
}
