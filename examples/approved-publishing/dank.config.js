/** The ports are those of `node examples/agents/main.js --port 4100`. */
export const agents = [
  { name: 'content-generator', port: 4107 },
  { name: 'grammar', port: 4108 },
  { name: 'fact-checker', port: 4109 },
  { name: 'tone', port: 4110 },
  { name: 'editor', port: 4111 },
  { name: 'blog-publisher', port: 4112 },
  { name: 'social-publisher', port: 4113 },
  { name: 'email-publisher', port: 4114 },
];
