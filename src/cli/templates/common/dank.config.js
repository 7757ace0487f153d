// Who the agents are, and where they live. Workflows name them by AGENT_IDS.X, by name, or by URL.
import { startDemoAgents } from './agents/demo-agents.js';

// Two small agents that live in this very process, so that everything works at once. Yours run elsewhere: then give their
// addresses below instead ('http://127.0.0.1:3000'), and remove this line and the folder agents/.
const demo = await startDemoAgents();

export const AGENT_IDS = {
  GREETER: '4f7c0c3e-6d5a-4f0b-9a55-0b6f5c1f2a01',
  ANALYST: '9b1d7a52-3c84-4e6f-8f21-7a0d4e9c3b02',
};

export const agents = [
  { name: 'greeter', id: AGENT_IDS.GREETER, url: demo.greeter },
  { name: 'analyst', id: AGENT_IDS.ANALYST, url: demo.analyst },
];
