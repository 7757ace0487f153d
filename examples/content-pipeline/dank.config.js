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

module.exports = {
  name: 'content-pipeline',
  agents: [
    { name: 'content-generator', id: AGENT_IDS.CONTENT_GENERATOR, config: { docker: { port: 4107 } } },
    { name: 'grammar', id: AGENT_IDS.GRAMMAR_AGENT, config: { docker: { port: 4108 } } },
    { name: 'fact-checker', id: AGENT_IDS.FACT_CHECKER, config: { docker: { port: 4109 } } },
    { name: 'tone', id: AGENT_IDS.TONE_ANALYZER, config: { docker: { port: 4110 } } },
    { name: 'editor', id: AGENT_IDS.EDITOR_AGENT, config: { docker: { port: 4111 } } },
    { name: 'blog-publisher', id: AGENT_IDS.BLOG_PUBLISHER, config: { docker: { port: 4112 } } },
    { name: 'social-publisher', id: AGENT_IDS.SOCIAL_PUBLISHER, config: { docker: { port: 4113 } } },
    { name: 'email-publisher', id: AGENT_IDS.EMAIL_PUBLISHER, config: { docker: { port: 4114 } } },
  ],
  AGENT_IDS,
};
