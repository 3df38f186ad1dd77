// @solana/kit and @solana-program/token read tokens: `node kit_tokens.mjs <folder with node_modules> <url> <owner> <mint>...`.
// Prints what it saw of each mint as one JSON array; the Python test judges it.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [folder, url, owner, ...mints] = process.argv.slice(2);
const require = createRequire(join(folder, 'package.json'));
const kit = require('@solana/kit');
const token = require('@solana-program/token');

const rpc = kit.createSolanaRpc(url);
const saw = [];
for (const mint of mints) {
  const { value: info } = await rpc.getAccountInfo(mint, { encoding: 'jsonParsed' }).send();
  const seeds = { owner, mint, tokenProgram: info.owner };
  const [account] = await token.findAssociatedTokenPda(seeds);
  const held = await token.fetchToken(rpc, account);
  const { value: listed } = await rpc
    .getTokenAccountsByOwner(owner, { mint }, { encoding: 'jsonParsed', commitment: 'confirmed' })
    .send();
  saw.push({
    account,
    mint: { decimals: (await token.fetchMint(rpc, mint)).data.decimals, parsed: info.data.parsed.info.decimals },
    held: [String(held.data.amount), held.data.owner === owner, held.data.mint === mint, held.data.state],
    balance: (await rpc.getTokenAccountBalance(account).send()).value.uiAmountString,
    supply: (await rpc.getTokenSupply(mint).send()).value.amount,
    listed: listed.map((row) => [row.pubkey === account, row.account.data.parsed.info.tokenAmount.amount]),
  });
}
console.log(JSON.stringify(saw));
