/** Agents for tests: HTTP servers on this machine, whose answers the test decides. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface TestAgent {
  readonly url: string;
  /** The prompts so far. */
  readonly prompts: readonly string[];
  /** Resolves when so many prompts have come. */
  asked(count: number): Promise<void>;
}

/** `answer` gives the response to a prompt; what it throws is answered as a failure of the model. */
export async function startAgent(
  answer: (prompt: string, count: number) => string | Promise<string>,
): Promise<TestAgent> {
  const prompts: string[] = [];
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const server = createServer((request, response) => void handle(request, response));
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { prompt } = JSON.parse(body) as { readonly prompt: string };
    prompts.push(prompt);
    for (const each of waiting.filter(({ count }) => count <= prompts.length)) each.resolve();
    const [status, data] = await answered(answer, prompt, prompts.length);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(data));
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const asked = (count: number): Promise<void> =>
    new Promise((resolve) => (prompts.length >= count ? resolve() : waiting.push({ count, resolve })));
  return { url: `http://127.0.0.1:${port}`, prompts, asked };
}

async function answered(
  answer: (prompt: string, count: number) => string | Promise<string>,
  prompt: string,
  count: number,
): Promise<readonly [status: number, data: object]> {
  try {
    return [200, { response: await answer(prompt, count), metadata: {}, timestamp: '' }];
  } catch (error) {
    return [500, { error: 'Failed to process prompt', message: String(error), timestamp: '' }];
  }
}
