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

module.exports = {
  name: 'research-and-summarize',
  agents: [
    { name: 'researcher', id: AGENT_IDS.RESEARCH_AGENT, config: { docker: { port: 4101 } } },
    { name: 'analyst', id: AGENT_IDS.ANALYSIS_AGENT, config: { docker: { port: 4102 } } },
    { name: 'summarizer', id: AGENT_IDS.SUMMARIZER_AGENT, config: { docker: { port: 4103 } } },
    { name: 'keyword', id: AGENT_IDS.KEYWORD_AGENT, config: { docker: { port: 4104 } } },
    { name: 'formatter', id: AGENT_IDS.FORMATTER_AGENT, config: { docker: { port: 4105 } } },
    { name: 'unreliable', id: AGENT_IDS.UNRELIABLE_AGENT, config: { docker: { port: 4106 } } },
  ],
  AGENT_IDS,
};
