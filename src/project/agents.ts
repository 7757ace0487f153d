/** The agents of a project: its own registry, and addresses that whoever runs it puts in the place of theirs. */
import { createAgentRegistry, type Agent, type AgentRegistry } from '../agents/registry.ts';

/**
 * A registry in which agents named in `urls` (by name or id) live at that address, whatever else says so; a name it does not
 * know becomes an agent.
 * @throws DefinitionError with every address that is no http(s) URL
 */
export function withAddresses(registry: AgentRegistry, urls: Readonly<Record<string, string>>): AgentRegistry {
  if (Object.keys(urls).length === 0) return registry;
  const given = createAgentRegistry({ agents: urls });
  const moved = new Map<string, Agent>();
  for (const key of given.names()) {
    const named = given.find(key);
    if (named === null) continue;
    const { url } = named;
    const agent = registry.find(key) ?? named;
    moved.set(agent.name, { ...agent, url, origin: '--agent' });
  }
  const names = [...new Set([...registry.names(), ...moved.keys()])].sort();
  return {
    find: (idOrName) => {
      const known = registry.find(idOrName);
      return moved.get(known?.name ?? idOrName) ?? known;
    },
    names: () => names,
    suggest: (name) => registry.suggest(name),
    agentIds: registry.agentIds,
  };
}
