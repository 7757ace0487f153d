/** The ports are those of `node examples/agents/main.js --port 4100`. */
export const agents = [
  { name: 'writer', port: 4115 },
  { name: 'critic', port: 4116 },
];
