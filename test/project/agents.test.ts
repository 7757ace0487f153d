import { describe, expect, test } from 'vitest';
import { createAgentRegistry } from '../../src/agents/registry.ts';
import { DefinitionError } from '../../src/core/errors.ts';
import { withAddresses } from '../../src/project/agents.ts';

const id = '550e8400-e29b-41d4-a716-446655440000';
const registry = createAgentRegistry({
  agents: [{ name: 'a', id, url: 'http://one:1', headers: { 'x-key': 'k' } }],
  env: { DANK_AGENT_A_URL: 'http://variable:2' },
});

describe('addresses given for a run', () => {
  test('win over the configuration and over variables; what else an agent has stays', () => {
    const moved = withAddresses(registry, { a: 'http://here:3' });
    for (const name of ['a', id]) {
      expect(moved.find(name)).toMatchObject({
        name: 'a',
        id,
        url: 'http://here:3',
        headers: { 'x-key': 'k' },
        origin: '--agent',
      });
    }
  });

  test('may name the agent by its id', () => {
    expect(withAddresses(registry, { [id]: 'http://here:3' }).find('a')).toMatchObject({
      name: 'a',
      url: 'http://here:3',
    });
  });

  test('make an agent of a name that was not known', () => {
    const more = withAddresses(registry, { b: 'http://here:3' });
    expect(more.names()).toEqual(['a', 'b']);
    expect(more.find('b')).toMatchObject({ url: 'http://here:3', id: null });
    expect(more.find('a')).toMatchObject({ url: 'http://variable:2' });
    expect(more.suggest('A')).toBe('a');
  });

  test('leave the registry as it is when there are none', () => {
    expect(withAddresses(registry, {})).toBe(registry);
  });

  test('that are no URLs are refused, all of them', () => {
    expect(() => withAddresses(registry, { a: 'here', b: 'there' })).toThrow(DefinitionError);
  });
});
