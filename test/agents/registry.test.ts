import { describe, expect, test } from 'vitest';
import { DefinitionError } from '../../src/core/errors.ts';
import { createAgentRegistry, type AgentSources, type AgentsOption } from '../../src/agents/registry.ts';

const id = '550e8400-e29b-41d4-a716-446655440000';
const otherId = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';

/** As the class of `dank-ai` keeps its fields, with methods and a Map of routes. */
class DankAgentLike {
  readonly name: string;
  id: string | null;
  readonly config: object;
  constructor(name: string, agentId: string | null, config: object = {}) {
    this.name = name;
    this.id = agentId;
    this.config = { http: { enabled: true, routes: new Map([['GET:/x', () => 1]]) }, prompt: 'You are ...', ...config };
  }
  setId(agentId: string) {
    this.id = agentId;
    return this;
  }
}

function issuesOf(sources: AgentSources) {
  try {
    createAgentRegistry(sources);
  } catch (error) {
    expect(error).toBeInstanceOf(DefinitionError);
    return (error as DefinitionError).issues;
  }
  throw new Error('expected issues');
}

describe('agents of the API', () => {
  const forms: readonly [string, AgentsOption, string][] = [
    ['a URL by name', { researcher: 'http://localhost:3001' }, 'http://localhost:3001'],
    ['a URL with path and closing slash', { researcher: 'https://agents.example/a/' }, 'https://agents.example/a'],
    ['fields by name', { researcher: { url: 'http://h:1', id } }, 'http://h:1'],
    ['a port by name', { researcher: { port: 3005 } }, 'http://127.0.0.1:3005'],
    ['a Map', new Map([['researcher', 'http://h:1']]), 'http://h:1'],
    ['a list', [{ name: 'researcher', url: 'http://h:1' }], 'http://h:1'],
    ['a list with ports', [{ name: 'researcher', id, port: 3001 }], 'http://127.0.0.1:3001'],
    ['agent objects', [new DankAgentLike('researcher', id, { docker: { port: 3007 } })], 'http://127.0.0.1:3007'],
    ['an agent object by name', { researcher: new DankAgentLike('other', id) }, 'http://127.0.0.1:3000'],
  ];
  test.each(forms)('%s', (_name, agents, url) => {
    const registry = createAgentRegistry({ agents });
    expect(registry.find('researcher')).toMatchObject({
      name: 'researcher',
      url,
      source: 'api',
      trusted: true,
      promptEnabled: true,
    });
    expect(registry.names()).toEqual(['researcher']);
  });

  test('are found by id too; names and ids are compared exactly', () => {
    const registry = createAgentRegistry({ agents: { researcher: { url: 'http://h:1', id } } });
    expect(registry.find(id)?.name).toBe('researcher');
    for (const word of ['Researcher', ' researcher', id.toUpperCase(), 'toString', '__proto__', 'constructor', '']) {
      expect(registry.find(word)).toBeNull();
    }
  });

  test('keep headers and timeout', () => {
    const registry = createAgentRegistry({
      agents: { a: { url: 'http://h:1', headers: { Authorization: 'Bearer t' }, timeoutMs: 60_000 } },
    });
    expect(registry.find('a')).toMatchObject({ headers: { Authorization: 'Bearer t' }, timeoutMs: 60_000, id: null });
  });

  test('no agents at all is fine', () => {
    expect(createAgentRegistry().names()).toEqual([]);
    expect(createAgentRegistry().find('a')).toBeNull();
  });
});

describe('agents of a dank.config.js', () => {
  const config = {
    name: 'project',
    agents: [
      new DankAgentLike('prompt-agent', id, { docker: { port: 3001 } }),
      new DankAgentLike('silent-agent', null, { communication: { directPrompting: { enabled: false } } }),
    ],
    AGENT_IDS: { PROMPT_AGENT: id },
  };

  test('live on this machine under their port, default 3000', () => {
    const registry = createAgentRegistry({ config, configFile: '/p/dank.config.js' });
    expect(registry.find(id)).toMatchObject({
      name: 'prompt-agent',
      url: 'http://127.0.0.1:3001',
      source: 'config',
      origin: '/p/dank.config.js',
    });
    expect(registry.find('silent-agent')).toMatchObject({
      url: 'http://127.0.0.1:3000',
      promptEnabled: false,
      id: null,
    });
    expect(registry.agentIds.get('PROMPT_AGENT')).toBe(id);
  });

  test.each([
    ['agents.local', 'http://agents.local:3001'],
    ['10.0.0.7', 'http://10.0.0.7:3001'],
    ['::1', 'http://[::1]:3001'],
    ['', 'http://127.0.0.1:3001'],
  ])('DANK_AGENT_HOST=%j', (host, url) => {
    expect(createAgentRegistry({ config, env: { DANK_AGENT_HOST: host } }).find('prompt-agent')?.url).toBe(url);
  });

  test('an agent of the API stands for one with the same name, and takes its id over', () => {
    const registry = createAgentRegistry({ config, agents: { 'prompt-agent': 'http://fake:1' } });
    expect(registry.find(id)).toMatchObject({ name: 'prompt-agent', url: 'http://fake:1', source: 'api' });
    expect(registry.names()).toEqual(['prompt-agent', 'silent-agent']);
  });
});

describe('environment variables', () => {
  test('replace the address of an agent', () => {
    const env = { DANK_AGENT_MY_AGENT_2_URL: 'http://h:9/', PATH: '/bin', DANK_AGENT_X_URL: '' };
    const registry = createAgentRegistry({
      agents: { 'my-agent.2': { url: 'http://h:1', id, headers: { a: 'b' } } },
      env,
    });
    expect(registry.find(id)).toMatchObject({
      url: 'http://h:9',
      origin: 'DANK_AGENT_MY_AGENT_2_URL',
      source: 'api',
      headers: { a: 'b' },
    });
    expect(registry.names()).toEqual(['my-agent.2']);
  });

  test('replace the address of the agent whose id a constant names', () => {
    const config = { agents: [{ name: 'r', id, port: 1 }], AGENT_IDS: { RESEARCH_AGENT: id } };
    const registry = createAgentRegistry({ config, env: { DANK_AGENT_RESEARCH_AGENT_URL: 'http://h:9' } });
    expect(registry.find('r')?.url).toBe('http://h:9');
    expect(registry.names()).toEqual(['r']);
  });

  test('name an agent that nobody else names, found by every name that leads to the variable', () => {
    const registry = createAgentRegistry({ env: { DANK_AGENT_FACT_CHECKER_URL: 'https://h/x' } });
    expect(registry.names()).toEqual(['fact-checker']);
    for (const name of ['fact-checker', 'fact_checker', 'FACT CHECKER', 'Fact-Checker']) {
      expect(registry.find(name)).toMatchObject({ url: 'https://h/x', source: 'env' });
    }
    expect(registry.find('factchecker')).toBeNull();
  });

  test('that stand for two agents are an issue', () => {
    const agents = { 'a-b': 'http://h:1', a_b: 'http://h:2' };
    expect(issuesOf({ agents, env: { DANK_AGENT_A_B_URL: 'http://h:3' } })).toMatchObject([
      { code: 'AGENT_AMBIGUOUS', path: 'env.DANK_AGENT_A_B_URL' },
    ]);
    expect(createAgentRegistry({ agents }).names()).toEqual(['a-b', 'a_b']);
  });

  test('that are no address are issues, without their password', () => {
    const env = {
      DANK_AGENT_A_URL: 'localhost:3000',
      DANK_AGENT_B_URL: 'http://kim:hunter2@h',
      DANK_AGENT_HOST: 'http://h',
    };
    const issues = issuesOf({ env });
    expect(issues.map((issue) => issue.path)).toEqual([
      'env.DANK_AGENT_HOST',
      'env.DANK_AGENT_A_URL',
      'env.DANK_AGENT_B_URL',
    ]);
    expect(JSON.stringify(issues)).not.toContain('hunter2');
  });
});

describe('a plain URL', () => {
  test('is an agent of its own', () => {
    const registry = createAgentRegistry();
    expect(registry.find('http://localhost:3001/')).toMatchObject({
      name: 'http://localhost:3001',
      source: 'url',
      trusted: true,
      id: null,
    });
    expect(registry.names()).toEqual([]);
  });

  test('is under the address rules where definitions come from strangers', () => {
    expect(createAgentRegistry({ trustUrls: false }).find('http://localhost:3001')?.trusted).toBe(false);
  });

  test.each(['http://', 'http://u:p@h', 'http://h/?q=1', 'ftp://h', 'file:///x'])(
    'that cannot be called is none: %s',
    (url) => {
      expect(createAgentRegistry().find(url)).toBeNull();
    },
  );
});

describe('suggestions', () => {
  const registry = createAgentRegistry({
    agents: { researcher: 'http://h:1', summarizer: 'http://h:2', 'fact-checker': 'http://h:3' },
  });
  test.each([
    ['reasercher', 'researcher'],
    ['Summariser', 'summarizer'],
    ['fact_checker', 'fact-checker'],
    ['painter', null],
    ['', null],
  ])('%j: %j', (name, suggestion) => {
    expect(registry.suggest(name)).toBe(suggestion);
  });
});

describe('mistakes', () => {
  test('are all reported at once, each with its place', () => {
    const agents = {
      a: 'localhost:3000',
      b: {},
      c: { url: 7 },
      d: { port: 70_000 },
      e: { url: 'http://h', id: 5 },
      f: { url: 'http://h', headers: { Host: 'x', 'X-A': 'a\r\nb', 'X-B': 1 } },
      g: { url: 'http://h', headers: 'x' },
      h: { url: 'http://h', timeoutMs: -1 },
      i: null,
      j: { url: 'http://kim:hunter2@h' },
      k: new DankAgentLike('k', null, { docker: { port: 'eighty' } }),
      '': 'http://h',
    };
    const config = { agents: [{ url: 'http://h' }, 'http://h', 7], AGENT_IDS: { A: null, B: id } };
    const issues = issuesOf({ agents: agents as unknown as AgentsOption, config });
    expect(issues.map((issue) => issue.path)).toEqual([
      'config.AGENT_IDS.A',
      'agents.a',
      'agents.b',
      'agents.c.url',
      'agents.d.port',
      'agents.e.id',
      'agents.f.headers.Host',
      'agents.f.headers.X-A',
      'agents.f.headers.X-B',
      'agents.g.headers',
      'agents.h.timeoutMs',
      'agents.i',
      'agents.j.url',
      'agents.k.config.docker.port',
      'agents[""].name',
      'config.agents[0].name',
      'config.agents[1].name',
      'config.agents[2]',
    ]);
    for (const issue of issues)
      expect(issue).toMatchObject({ code: 'AGENT_INVALID', expected: expect.any(String) as string });
    expect(JSON.stringify(issues)).not.toContain('hunter2');
    expect(issues[2]).toMatchObject({
      message: 'an agent needs an address',
      expected: 'url or port',
      received: 'fields (none)',
    });
  });

  test.each([
    [
      'two of one name',
      [
        { name: 'a', port: 1 },
        { name: 'a', port: 2 },
      ],
      "'a'",
    ],
    [
      'two of one id',
      [
        { name: 'a', id, port: 1 },
        { name: 'b', id, port: 2 },
      ],
      id,
    ],
    [
      'a name that is the id of another',
      [
        { name: id, port: 1 },
        { name: 'b', id, port: 2 },
      ],
      id,
    ],
  ])('%s', (_name, agents, word) => {
    const issues = issuesOf({ agents });
    expect(issues).toMatchObject([{ code: 'AGENT_DUPLICATE' }]);
    expect(issues[0]?.message).toContain(word);
  });

  test('an agent may be called by its own id', () => {
    expect(createAgentRegistry({ agents: [{ name: otherId, id: otherId, port: 1 }] }).find(otherId)?.name).toBe(
      otherId,
    );
  });

  test('lists that are none', () => {
    expect(
      issuesOf({ agents: 7 as unknown as AgentsOption, config: { agents: 'x', AGENT_IDS: [] } }).map(
        (issue) => issue.path,
      ),
    ).toEqual(['config.AGENT_IDS', 'agents', 'config.agents']);
  });
});

describe('limits', () => {
  const limits = (sources: AgentSources, name = 'a') => {
    const { maxConcurrency, rateLimit } = createAgentRegistry(sources).find(name) ?? {};
    return { maxConcurrency, rateLimit };
  };

  test('stand beside the address, with a duration', () => {
    const agents = {
      a: { url: 'http://h:1', maxConcurrency: 3, rateLimit: { limit: 10, per: '1m' } },
      b: 'http://h:2',
    };
    expect(limits({ agents })).toEqual({ maxConcurrency: 3, rateLimit: { limit: 10, perMs: 60_000 } });
    expect(limits({ agents }, 'b')).toEqual({ maxConcurrency: null, rateLimit: null });
  });

  test('of agent objects stand in agentLimits of the configuration, by name or id', () => {
    const config = {
      agents: [new DankAgentLike('a', null), new DankAgentLike('b', id)],
      agentLimits: { a: { maxConcurrency: 2 }, [id]: { rateLimit: { limit: 1, per: 500 } } },
    };
    expect(limits({ config })).toEqual({ maxConcurrency: 2, rateLimit: null });
    expect(limits({ config }, 'b')).toEqual({ maxConcurrency: null, rateLimit: { limit: 1, perMs: 500 } });
    const agents = { a: { url: 'http://h:1', maxConcurrency: 9, rateLimit: { limit: 1, per: 1 } } };
    expect(limits({ agents, config })).toEqual({ maxConcurrency: 2, rateLimit: { limit: 1, perMs: 1 } });
  });

  test.each<[string, AgentSources, string, string]>([
    [
      'no count',
      { agents: { a: { url: 'http://h:1', maxConcurrency: 0 } } },
      'agents.a.maxConcurrency',
      'maxConcurrency is no count',
    ],
    ['no rate', { config: { agents: [], agentLimits: 5 } }, 'config.agentLimits', 'agentLimits is an object'],
    [
      'a rate without a limit',
      { agents: { a: { url: 'http://h:1', rateLimit: { per: '1m' } as never } } },
      'agents.a.rateLimit.limit',
      'limit is required',
    ],
    [
      'a rate of no time',
      { agents: { a: { url: 'http://h:1', rateLimit: { limit: 1, per: 'minute' } } } },
      'agents.a.rateLimit.per',
      "per must be a number of milliseconds, or a text such as '30s', '5m', '2h' or '1d'",
    ],
    [
      'a rate that is a text',
      { agents: { a: { url: 'http://h:1', rateLimit: '10/s' as never } } },
      'agents.a.rateLimit',
      'this is no rate limit',
    ],
    [
      'nobody',
      { agents: { a: 'http://h:1' }, config: { agentLimits: { x: {} } } },
      'config.agentLimits.x',
      "there is no agent 'x'",
    ],
    [
      'no limits',
      { agents: { a: 'http://h:1' }, config: { agentLimits: { a: 3 } } },
      'config.agentLimits.a',
      'these are no limits',
    ],
  ])('%s', (_name, sources, path, message) => {
    expect(issuesOf(sources)).toMatchObject([{ code: 'AGENT_INVALID', path, message }]);
  });
});
