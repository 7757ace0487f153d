/**
 * The agents of this project. With Dank's own package the list would hold its agent objects; plain objects of the same
 * shape do as well. The ports are those of `node examples/agents/main.js --port 4100`.
 */
const AGENT_IDS = {
  RESEARCH_AGENT: '3f2b8c1e-5d47-4a9b-8e26-1c0f7a94d301',
  ANALYSIS_AGENT: '3f2b8c1e-5d47-4a9b-8e26-1c0f7a94d302',
  SUMMARIZER_AGENT: '3f2b8c1e-5d47-4a9b-8e26-1c0f7a94d303',
  KEYWORD_AGENT: '3f2b8c1e-5d47-4a9b-8e26-1c0f7a94d304',
  FORMATTER_AGENT: '3f2b8c1e-5d47-4a9b-8e26-1c0f7a94d305',
  UNRELIABLE_AGENT: '3f2b8c1e-5d47-4a9b-8e26-1c0f7a94d306',
};

const agent = (name, id, port) => ({ name, id, config: { docker: { port } } });

module.exports = {
  name: 'research-and-summarize',
  agents: [
    agent('researcher', AGENT_IDS.RESEARCH_AGENT, 4101),
    agent('analyst', AGENT_IDS.ANALYSIS_AGENT, 4102),
    agent('summarizer', AGENT_IDS.SUMMARIZER_AGENT, 4103),
    agent('keyword', AGENT_IDS.KEYWORD_AGENT, 4104),
    agent('formatter', AGENT_IDS.FORMATTER_AGENT, 4105),
    agent('unreliable', AGENT_IDS.UNRELIABLE_AGENT, 4106),
  ],
  AGENT_IDS,
};
