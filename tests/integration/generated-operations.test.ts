import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const CODEGEN = ['node_modules/.bin/graphql-codegen', '--config', 'codegen.yml', '--check', '--silent'];

describe('graphql/generated', () => {
  it('is what graphql/operations and graphql/schema.graphql make; otherwise run "npm run generate"', async () => {
    await promisify(execFile)(process.execPath, CODEGEN);
  });
});
