package httpapi

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"os/user"
	"slices"
	"strings"

	"orchestrator/internal/config"
	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/operate"
)

// Tokens are the access tokens of AuthenticationMethod `token`.
type Tokens interface {
	// Valid says whether the pair was acquired and has not expired.
	Valid(ctx context.Context, public, secret string) (bool, error)
	// Acquire exchanges a public token, once, for its secret.
	Acquire(ctx context.Context, public string) (secret string, err error)
}

const (
	tokenCookie  = "access-token"
	readOnlyUser = "readonly" // of the method multi: any password, no writes
)

// authenticator knows who calls and what they may do. What is asked of a caller is fixed when it is made; who may
// write follows the configuration of the moment.
type authenticator struct {
	Deps
	method string
}

func newAuthenticator(d Deps) *authenticator {
	if d.GroupsOf == nil {
		d.GroupsOf = osGroups
	}
	return &authenticator{Deps: d, method: methodOf(d.Engine.Config())}
}

func methodOf(c *config.Config) string { return strings.ToLower(c.AuthenticationMethod) }

func (a *authenticator) config() *config.Config { return a.Engine.Config() }

// wrap asks every request for its credentials.
func (a *authenticator) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !a.unitAccepted(r):
			http.Error(w, "Invalid OU", http.StatusUnauthorized)
		case !a.signedIn(r):
			w.Header().Set("WWW-Authenticate", `Basic realm="Authorization Required"`)
			http.Error(w, "Not Authorized", http.StatusUnauthorized)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// signedIn checks the credentials of the methods that ask for some.
func (a *authenticator) signedIn(r *http.Request) bool {
	if a.method != "basic" && a.method != "multi" {
		return true
	}
	name, password, ok := r.BasicAuth()
	if !ok {
		return false
	}
	if a.method == "multi" && name == readOnlyUser {
		return true
	}
	c := a.config()
	return same(name, c.HTTPAuthUser) && same(password, c.HTTPAuthPassword)
}

// same compares in a time that does not tell how much of the text is right.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// unitAccepted checks the organisational unit of the client's certificate. An empty list of units accepts nobody: who
// asks for certificates and forgets to say whose must not be left with an open door.
func (a *authenticator) unitAccepted(r *http.Request) bool {
	c := a.config()
	if !c.UseMutualTLS || throughSocket(r) {
		return true
	}
	if !c.StatusOUVerify && strings.Contains(r.URL.Path, c.StatusEndpoint) {
		return true
	}
	if r.TLS == nil { // the address is served without TLS
		return false
	}
	for _, certificate := range r.TLS.PeerCertificates {
		for _, unit := range certificate.Subject.OrganizationalUnit {
			if slices.Contains(c.SSLValidOUs, unit) {
				return true
			}
		}
	}
	return false
}

// throughSocket says whether a request came through the local socket, which has no TLS: who may open its file may ask.
func throughSocket(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && local.Network() == "unix"
}

// user is the name under which the caller's deeds are recorded; "" when there is none.
func (a *authenticator) user(r *http.Request) string {
	if a.config().ReadOnly {
		return ""
	}
	switch a.method {
	case "basic", "multi":
		name, _, _ := r.BasicAuth()
		return name
	case "proxy":
		return r.Header.Get(a.config().AuthUserHeader)
	}
	return ""
}

// caller is who asks, for the second generation of the API.
func (a *authenticator) caller(r *http.Request) v2.Caller {
	c := v2.Caller{Name: a.user(r), Method: a.method, Role: operate.Viewer}
	if a.mayWrite(r) {
		c.Role = operate.Admin
	}
	return c
}

// mayWrite says whether the caller may change things, and whether this node may do it for them.
func (a *authenticator) mayWrite(r *http.Request) bool {
	c := a.config()
	if l := a.Engine.Leadership; l != nil && l.Replicated() && !l.IsLeader() {
		return false
	}
	if c.ReadOnly {
		return false
	}
	switch methodOf(c) {
	case "multi":
		name, _, _ := r.BasicAuth()
		return name != readOnlyUser
	case "proxy":
		return a.powerful(r.Header.Get(c.AuthUserHeader))
	case "token":
		return a.hasToken(r)
	case "oauth":
		return false
	}
	return true
}

// powerful says whether the configuration lets a user write, by name or by group.
func (a *authenticator) powerful(name string) bool {
	c := a.config()
	if slices.Contains(c.PowerAuthUsers, "*") || name != "" && slices.Contains(c.PowerAuthUsers, name) {
		return true
	}
	if name == "" || len(c.PowerAuthGroups) == 0 {
		return false
	}
	groups, err := a.GroupsOf(name)
	if err != nil {
		a.Logger.Warn("cannot look up the groups of a user, who may not write therefore", "user", name, "error", err)
		return false
	}
	return slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(c.PowerAuthGroups, g) })
}

func osGroups(name string) ([]string, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	ids, err := u.GroupIds()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, id := range ids {
		if g, err := user.LookupGroupId(id); err == nil {
			names = append(names, g.Name)
		}
	}
	return names, nil
}

func (a *authenticator) hasToken(r *http.Request) bool {
	cookie, err := r.Cookie(tokenCookie)
	if err != nil || a.Tokens == nil {
		return false
	}
	public, secret, ok := strings.Cut(cookie.Value, ":")
	if !ok {
		return false
	}
	valid, err := a.Tokens.Valid(r.Context(), public, secret)
	if err != nil {
		a.Logger.ErrorContext(r.Context(), "cannot check an access token", "error", err)
	}
	return err == nil && valid
}

// redeemToken exchanges a public token for the cookie that allows to write.
func (a *authenticator) redeemToken(w http.ResponseWriter, r *http.Request) {
	public := strings.TrimSpace(r.URL.Query().Get("publicToken"))
	secret, err := a.Tokens.Acquire(r.Context(), public)
	if err != nil {
		a.Logger.WarnContext(r.Context(), "an access token was refused", "error", err)
		http.Error(w, fmt.Sprintf("the access token cannot be used: %v", err), http.StatusUnauthorized)
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: tokenCookie, Value: public + ":" + secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil,
	})
	http.Redirect(w, r, normalPrefix(a.config().URLPrefix)+"/", http.StatusFound)
}
