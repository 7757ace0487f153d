/**
 * The agents of this project, as plain objects of the shape that Dank's own package makes. The ports are those of
 * `node examples/agents/main.js --port 4100`.
 */
const AGENT_IDS = {
  CONTENT_GENERATOR: '8a61d5f0-2c3e-4b7a-9d18-5e0f6b2c7401',
  GRAMMAR_AGENT: '8a61d5f0-2c3e-4b7a-9d18-5e0f6b2c7402',
  FACT_CHECKER: '8a61d5f0-2c3e-4b7a-9d18-5e0f6b2c7403',
  TONE_ANALYZER: '8a61d5f0-2c3e-4b7a-9d18-5e0f6b2c7404',
  EDITOR_AGENT: '8a61d5f0-2c3e-4b7a-9d18-5e0f6b2c7405',
  BLOG_PUBLISHER: '8a61d5f0-2c3e-4b7a-9d18-5e0f6b2c7406',
  SOCIAL_PUBLISHER: '8a61d5f0-2c3e-4b7a-9d18-5e0f6b2c7407',
  EMAIL_PUBLISHER: '8a61d5f0-2c3e-4b7a-9d18-5e0f6b2c7408',
};

const agent = (name, id, port) => ({ name, id, config: { docker: { port } } });

module.exports = {
  name: 'content-pipeline',
  agents: [
    agent('content-generator', AGENT_IDS.CONTENT_GENERATOR, 4107),
    agent('grammar', AGENT_IDS.GRAMMAR_AGENT, 4108),
    agent('fact-checker', AGENT_IDS.FACT_CHECKER, 4109),
    agent('tone', AGENT_IDS.TONE_ANALYZER, 4110),
    agent('editor', AGENT_IDS.EDITOR_AGENT, 4111),
    agent('blog-publisher', AGENT_IDS.BLOG_PUBLISHER, 4112),
    agent('social-publisher', AGENT_IDS.SOCIAL_PUBLISHER, 4113),
    agent('email-publisher', AGENT_IDS.EMAIL_PUBLISHER, 4114),
  ],
  AGENT_IDS,
};
