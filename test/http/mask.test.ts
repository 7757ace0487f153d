import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { CancelledError, TimeoutError, WorkflowError, toErrorData } from '../../src/core/errors.ts';
import { createMasker, maskSecrets } from '../../src/http/mask.ts';
import { createStreamMasker } from '../../src/http/stream-mask.ts';
import { failureOf, get, json, makeClient, readText, serve } from './servers.ts';

const canary = 'CANARY-9f2c';
const secrets = new Map([['API_KEY', canary]]);
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('forms of a secret', () => {
  const odd = 'p/a+s s"w\\örd?&=\n%';
  const forms: readonly [string, string, string][] = [
    ['as it is', canary, canary],
    ['base64', canary, base64(canary)],
    ['base64 without padding', canary, base64(canary).replace(/=+$/, '')],
    ['base64 for URLs', `${canary}>>>???`, Buffer.from(`${canary}>>>???`).toString('base64url')],
    ['base64 in a query', `${canary}>>>???`, encodeURIComponent(base64(`${canary}>>>???`))],
    ['URL-encoded', odd, encodeURIComponent(odd)],
    ['URL-encoded in lower case', odd, encodeURIComponent(odd).replace(/%../g, (code) => code.toLowerCase())],
    ['as a form', odd, new URLSearchParams({ k: odd }).toString().slice(2)],
    ['in a path', odd, encodeURI(odd)],
    ['in JSON', odd, JSON.stringify(odd).slice(1, -1)],
    ['in JSON inside JSON', odd, JSON.stringify(JSON.stringify(odd)).slice(3, -3)],
    ['in JSON with escaped slashes', odd, JSON.stringify(odd).slice(1, -1).replaceAll('/', '\\/')],
    ['in JSON of ASCII', odd, JSON.stringify(odd).slice(1, -1).replaceAll('ö', '\\u00f6')],
  ];
  test.each(forms)('%s', (_name, secret, form) => {
    expect(maskSecrets(`before ${form} after`, new Map([['X', secret]]))).toBe('before {{env.X}} after');
  });

  test.each(['', 'a', 'ab', 'abc', 'user:', 'long-user-name:'])('inside a longer base64 text, after %j', (before) => {
    for (const after of ['', ':', '::', ':and more']) {
      const masked = String(maskSecrets(`Basic ${base64(before + canary + after)}`, secrets));
      expect(masked).toContain('{{env.API_KEY}}');
      const rest = masked.replace('Basic ', '').split('{{env.API_KEY}}');
      expect(rest.map((text) => Buffer.from(text, 'base64').toString('latin1')).join('')).not.toMatch(
        /CAN|ANA|ARY|9f2|f2c/,
      );
    }
  });

  test('property: no form survives in any text', () => {
    const text = fc.string({ maxLength: 20 });
    const secret = fc.string({ minLength: 4, maxLength: 24, unit: 'grapheme' });
    fc.assert(
      fc.property(text, secret, text, (before, value, after) => {
        const found = [value, base64(value), encodeURIComponent(value), JSON.stringify(value).slice(1, -1)];
        for (const form of found) {
          const masker = createMasker(new Map([['X', value]]));
          const masked = masker.text(`${before} ${form} ${after}`);
          expect(masked.split('{{env.X}}').some((part) => masker.found(part))).toBe(false);
        }
      }),
    );
  });
});

describe('values', () => {
  test('strings and keys at any depth; the rest is untouched', () => {
    const value = { a: [1, null, { [`k-${canary}`]: `x ${canary} y` }], date: 'today' };
    expect(maskSecrets(value, secrets)).toEqual({
      a: [1, null, { 'k-{{env.API_KEY}}': 'x {{env.API_KEY}} y' }],
      date: 'today',
    });
    expect(value.a[2]).toHaveProperty(`k-${canary}`);
  });

  test('the same object comes back when nothing was found', () => {
    const value = { a: [{ b: 'text' }] };
    expect(maskSecrets(value, secrets)).toBe(value);
    expect(maskSecrets(value, new Map())).toBe(value);
  });

  test('a key named like a prototype stays a key', () => {
    const masked = maskSecrets(JSON.parse(`{"__proto__": {"x": "${canary}"}}`), secrets) as object;
    expect(Object.getPrototypeOf(masked)).toBe(Object.prototype);
    expect(JSON.stringify(masked)).toBe('{"__proto__":{"x":"{{env.API_KEY}}"}}');
  });

  test('of two secrets the one that contains the other is masked whole', () => {
    const both = new Map([
      ['SHORT', 'abcd'],
      ['LONG', 'abcd-efgh'],
    ]);
    expect(maskSecrets('abcd-efgh abcd', both)).toBe('{{env.LONG}} {{env.SHORT}}');
  });

  test('what is shown in place of one secret is not masked as another', () => {
    const both = new Map([
      ['MY_NAME', 'secret-1'],
      ['B', 'MY_NAME'],
    ]);
    expect(maskSecrets('secret-1 MY_NAME', both)).toBe('{{env.MY_NAME}} {{env.B}}');
  });

  test('a value of fewer than four characters is not masked', () => {
    const short = new Map([['S', 'abc']]);
    expect(createMasker(short).active).toBe(false);
    expect(maskSecrets('abc', short)).toBe('abc');
  });

  test('characters with a meaning in patterns are taken as they are', () => {
    expect(maskSecrets('a.*b$^(x)|[y] axxb', new Map([['R', '.*b$^(x)|[y]']]))).toBe('a{{env.R}} axxb');
  });
});

describe('errors', () => {
  test('message, stack, details and causes are masked; class and code stay', () => {
    const cause = new AggregateError([new Error(`inner ${canary}`)], `cause ${base64(canary)}`);
    const error = new WorkflowError('HTTP_ERROR', `key ${canary}`, {
      cause,
      details: { excerpt: `e ${canary}` },
      retryAfterMs: 5,
    });
    const masked = createMasker(secrets).error(error);
    expect(masked).toBeInstanceOf(WorkflowError);
    expect(masked).toMatchObject({ code: 'HTTP_ERROR', retryAfterMs: 5, details: { excerpt: 'e {{env.API_KEY}}' } });
    const all = [
      JSON.stringify(toErrorData(masked)),
      masked.stack,
      String(masked),
      String((masked.cause as AggregateError).errors[0]),
    ];
    expect(all.join()).not.toContain(canary);
    expect(all.join()).not.toContain(base64(canary));
    expect(error.message).toContain(canary);
  });

  test('causes in a circle end', () => {
    const error = new Error(canary);
    error.cause = new Error('other', { cause: error });
    expect(createMasker(secrets).error(error).message).toBe('{{env.API_KEY}}');
  });

  test('an error without a secret comes back itself', () => {
    const error = new TimeoutError('late');
    expect(createMasker(secrets).error(error)).toBe(error);
    const cancelled = createMasker(secrets).error(new CancelledError(canary));
    expect(cancelled).toBeInstanceOf(CancelledError);
    expect(cancelled.name).toBe('CancelledError');
  });
});

describe('streams', () => {
  function masked(pieces: readonly string[], known = secrets): string[] {
    const out: string[] = [];
    const stream = createStreamMasker(createMasker(known), (text) => out.push(text));
    for (const piece of pieces) stream.push(piece);
    stream.end();
    return out;
  }

  test('a secret cut in pieces is found; nothing else is held back', () => {
    expect(masked(['Hello ', 'CAN', 'ARY-9', 'f2c', ' there'])).toEqual(['Hello ', '{{env.API_KEY}}', ' there']);
    expect(masked(['CANCEL', ' all'])).toEqual(['CANCEL', ' all']);
    expect(masked(['my CAN', 'oe'])).toEqual(['my ', 'CANoe']);
    expect(masked(['ends in CANA'])).toEqual(['ends in ', 'CANA']);
  });

  test('a secret whose end may begin the next one is masked whole', () => {
    expect(masked(['abab', 'x'], new Map([['A', 'abab']])).join('')).toBe('{{env.A}}x');
    expect(masked(Array.from('xababababy'), new Map([['A', 'abab']])).join('')).toBe('x{{env.A}}{{env.A}}y');
  });

  test('property: however a text is cut, no secret comes through', () => {
    const part = fc.constantFrom('abab', 'ababcd', 'a', 'b', 'ab', 'c', 'd', base64('ababcd'), ' ');
    const known = new Map([
      ['A', 'abab'],
      ['B', 'ababcd'],
    ]);
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), fc.array(fc.nat(12), { maxLength: 30 }), (parts, cuts) => {
        let rest = parts.join('');
        const pieces = cuts.map((cut) => {
          const piece = rest.slice(0, cut);
          rest = rest.slice(cut);
          return piece;
        });
        expect(masked([...pieces, rest], known).join('')).not.toMatch(/abab/);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('calls', () => {
  test('SEC-SEC-01, SEC-SEC-04: a server that echoes the secret in every form gives none of it away', async () => {
    const server = await serve(async (request, response) => {
      const got = `${request.headers.authorization} ${request.url} ${await readText(request)}`;
      response.setHeader('x-echo', String(request.headers.authorization));
      json(
        response,
        { got, base64: base64(canary), url: encodeURIComponent(canary), [canary]: 1 },
        request.url?.startsWith('/fail') ? 500 : 200,
      );
    });
    const more = {
      headers: { Authorization: `Bearer ${canary}` },
      query: { key: canary },
      body: { key: canary },
      secrets,
    };
    for (const path of ['/', '/fail', `/${canary}`]) {
      const answer = await makeClient().send({ ...get(server.url + path, more), method: 'POST' });
      expect(JSON.stringify(answer)).not.toContain(canary);
      expect(JSON.stringify(answer)).not.toContain(base64(canary).slice(0, 14));
      expect(JSON.stringify(answer.body)).toContain('Bearer {{env.API_KEY}}');
      expect(answer.headers['x-echo']).toBe('Bearer {{env.API_KEY}}');
    }
  });

  test.each([
    ['no URL', `http://a b/${canary}`],
    ['unreachable', `http://127.0.0.1:1/${canary}`],
    ['blocked', `http://10.0.0.1/${canary}`],
    ['an unknown host', `http://${canary.toLowerCase()}.invalid/`],
  ])('errors name no secret: %s', async (_name, url) => {
    const lookup = (_host: string, _options: unknown, callback: (error: Error) => void) =>
      callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${_host}`), { code: 'ENOTFOUND' }));
    const known = new Map([
      ['API_KEY', canary],
      ['HOST', canary.toLowerCase()],
    ]);
    const error = await failureOf(makeClient({ lookup: lookup as never }).send(get(url, { secrets: known })));
    expect(`${error.stack} ${JSON.stringify(toErrorData(error))}`.toLowerCase()).not.toContain(canary.toLowerCase());
  });

  test('what is cut is masked before', async () => {
    for (let before = 2_030; before < 2_050; before += 1) {
      const text = `${'x'.repeat(before)}${canary} and more`;
      const server = await serve((_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).end(text);
      });
      const error = await failureOf(makeClient().send(get(server.url, { secrets })));
      expect(JSON.stringify(error['details'])).not.toMatch(/CAN/);
    }
  });
});
