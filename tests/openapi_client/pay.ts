// A client whose every path, field and status is typed by the daemon's own document. It fails to compile where the two disagree.
// Prints one JSON document. Environment: WAIAAS_URL, WAIAAS_SESSION_TOKEN, WAIAAS_OPERATOR_TOKEN; arguments: address, amount, wallet.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { argv: string[]; env: Record<string, string | undefined> };

const [to = "", amount = "", wallet = ""] = process.argv.slice(2);
const baseUrl = process.env.WAIAAS_URL ?? "";
const bearer = (token = "") => ({ Authorization: `Bearer ${token}` });
const agent = createClient<paths>({ baseUrl, headers: bearer(process.env.WAIAAS_SESSION_TOKEN) });
const operator = createClient<paths>({ baseUrl, headers: bearer(process.env.WAIAAS_OPERATOR_TOKEN) });

type Refusal = components["schemas"]["ErrorAnswer"];
type Failed = components["schemas"]["FailedTransaction"];

const why = (error: Refusal | Failed | undefined): string => (error === undefined ? "" : `${error.code}: ${error.hint}`);

const sent = await agent.POST("/v1/transactions/send", {
  params: { header: { "Idempotency-Key": "generated-1", Prefer: "wait=20" } },
  body: { type: "TRANSFER", to, amount, memo: "by a generated client" },
});
const refused = await agent.POST("/v1/transactions/send", {
  params: { header: { Prefer: "respond-async" } },
  body: { type: "TRANSFER", to, amount: "0" },
});
const known = sent.data === undefined ? undefined : await agent.GET("/v1/transactions/{id}", {
  params: { path: { id: sent.data.id } },
});
const page = await agent.GET("/v1/transactions", { params: { query: { limit: 1 } } });
const held = await operator.GET("/v1/agents/{id}/balances", { params: { path: { id: wallet } } });
const checked = await operator.POST("/v1/policies/check", {
  body: { agentId: wallet, type: "SPENDING_LIMIT", rules: { daily_limit: "7" } },
});
const nobody = await operator.GET("/v1/agents/{id}", { params: { path: { id: "nobody" } } });

console.log(
  JSON.stringify({
    sent: sent.response.status,
    why: why(sent.error),
    amount: sent.data?.amount,
    memo: known?.data?.memo,
    refused: [refused.response.status, refused.error?.code],
    listed: page.data?.items.map((item) => item.id).includes(sent.data?.id ?? ""),
    native: held.data?.assets[0]?.isNative,
    rules: checked.data?.rules,
    nobody: [nobody.response.status, nobody.error?.code],
  }),
);
