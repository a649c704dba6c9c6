// An OpenID provider whose clients get access tokens for themselves (RFC 6749, section 4.4) as JWTs (RFC 9068).
// node provider.mjs MODULES PORT CERTIFICATE KEY, where MODULES is the folder that oidc-provider is installed in.
//
// Beside what a provider answers, POST /rotate lets it sign with another key, and forget those before.
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { createRequire } from "node:module";

const [modules, port, certificate, key] = process.argv.slice(2);
const { default: Provider } = await import(createRequire(`${modules}/`).resolve("oidc-provider"));

const CLAIMS = {
  scorer: { tenant: "acme", groups: ["ml"] },
  operator: { tenant: "acme", groups: ["ops"] },
  stranger: { tenant: "other", groups: ["ml"] },
  nobody: { tenant: "acme", groups: [] },
};
const LIFE_S = { "urn:models": 600, "urn:other": 600, "urn:past": -600 };
let rotations = 0;

function provider() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const signing = { ...privateKey.export({ format: "jwk" }), alg: "RS256", use: "sig", kid: `key-${rotations}` };
  return new Provider(`https://localhost:${port}`, {
    jwks: { keys: [signing] },
    clients: Object.keys(CLAIMS).map((name) => ({
      client_id: name,
      client_secret: `${name}-secret`,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    })),
    extraTokenClaims: (_, token) => CLAIMS[token.clientId],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => ({
          scope: "",
          audience: resource === "urn:past" ? "urn:models" : resource,
          accessTokenFormat: "jwt",
          accessTokenTTL: LIFE_S[resource],
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
  });
}

let answer = provider().callback();
createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
  if (request.method === "POST" && request.url === "/rotate") {
    rotations += 1;
    answer = provider().callback();
    response.end();
  } else {
    answer(request, response);
  }
}).listen(Number(port), "127.0.0.1");
