// An OpenID provider that asks for a name and takes any password: node provider.mjs ISSUER SECRET ACCOUNTS
import { Provider } from "oidc-provider";

const [issuer, secret, accounts] = process.argv.slice(2);
const claimsOf = JSON.parse(accounts);

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "galilean",
      client_secret: secret,
      // Of a native application the provider lets the port of a loopback address vary (RFC 8252, 7.3).
      application_type: "native",
      redirect_uris: ["http://127.0.0.1/hub/oauth_callback"],
      token_endpoint_auth_method: "client_secret_basic",
    },
  ],
  claims: { openid: ["sub"], profile: ["preferred_username", "groups"], email: ["email"] },
  conformIdTokenClaims: false,
  findAccount: (_context, id) =>
    claimsOf[id] && { accountId: id, claims: () => ({ sub: id, ...claimsOf[id] }) },
});
provider.on("grant.error", (_context, error) => console.error(error.message, error.error_detail));
const { hostname, port } = new URL(issuer);
provider.listen(port, hostname);
