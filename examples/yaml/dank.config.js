/** Where `${AGENT_IDS.X}` in workflows.yaml comes from. The ports are those of `node examples/agents/main.js --port 4100`. */
const AGENT_IDS = {
  RESEARCH_AGENT: '3f2b8c1e-5d47-4a9b-8e26-1c0f7a94d301',
  SUMMARIZER_AGENT: '3f2b8c1e-5d47-4a9b-8e26-1c0f7a94d303',
};

module.exports = {
  name: 'yaml-workflow',
  agents: [
    { name: 'researcher', id: AGENT_IDS.RESEARCH_AGENT, config: { docker: { port: 4101 } } },
    { name: 'summarizer', id: AGENT_IDS.SUMMARIZER_AGENT, config: { docker: { port: 4103 } } },
  ],
  AGENT_IDS,
};
