// Compiles the contracts of this folder: node compile.mjs <folder of tests/clients> prints contracts.json.
import { createRequire } from "node:module";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const solc = createRequire(join(resolve(process.argv[2]), "package.json"))("solc");

// No metadata: bytecode depends on the code alone, not on comments or names of files.
const settings = {
  evmVersion: "paris",
  metadata: { appendCBOR: false, bytecodeHash: "none" },
  optimizer: { enabled: true, runs: 200 },
};
const sources = Object.fromEntries(
  readdirSync(here)
    .filter((name) => name.endsWith(".sol"))
    .sort()
    .map((name) => [name, { content: readFileSync(join(here, name), "utf8") }]),
);
const asked = {
  language: "Solidity",
  sources,
  settings: { ...settings, outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } } },
};
const answer = JSON.parse(solc.compile(JSON.stringify(asked)));
const problems = (answer.errors ?? []).map((one) => one.formattedMessage);
if (problems.length) {
  console.error(problems.join("\n"));
  process.exit(1);
}
const lines = Object.keys(sources).flatMap((file) =>
  Object.entries(answer.contracts[file] ?? {})
    .filter(([, made]) => made.evm.bytecode.object)
    .map(([name, made]) => {
      const contract = { file, abi: made.abi, bytecode: `0x${made.evm.bytecode.object}` };
      return `  ${JSON.stringify(name)}: ${JSON.stringify(contract)}`;
    }),
);
const head = `"compiler": ${JSON.stringify(solc.version())},\n "settings": ${JSON.stringify(settings)}`;
console.log(`{\n ${head},\n "contracts": {\n${lines.join(",\n")}\n }\n}`);
