package httpapi

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"time"

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
	users  *users
	guess  *throttle
}

func newAuthenticator(d Deps) *authenticator {
	if d.GroupsOf == nil {
		d.GroupsOf = osGroups
	}
	return &authenticator{
		Deps: d, method: methodOf(d.Engine.Config()), guess: newThrottle(d.Engine.Now),
		users: newUsers(func() string { return d.Engine.Config().AuthUsersFile }, d.Engine.Now),
	}
}

func methodOf(c *config.Config) string { return strings.ToLower(c.AuthenticationMethod) }

func (a *authenticator) config() *config.Config { return a.Engine.Config() }

// proved is who somebody has shown to be, before the configuration says what that is worth.
type proved struct {
	name   string
	method string // bearer, users, certificate; "" where AuthenticationMethod decides
	role   operate.Role
}

type provedKey struct{}

// wrap asks every request for its credentials.
func (a *authenticator) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !a.unitAccepted(r) {
			http.Error(w, "Invalid OU", http.StatusUnauthorized)
			return
		}
		p, ok := a.signedIn(w, r)
		if !ok {
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), provedKey{}, p)))
	})
}

// signedIn checks the credentials of the methods that ask for some, and tokens of machines with every method. Where it
// reports false it has answered.
func (a *authenticator) signedIn(w http.ResponseWriter, r *http.Request) (proved, bool) {
	c := a.config()
	if token, is := bearerOf(r); is && c.AuthUsersFile != "" {
		return a.check(w, r, "Bearer", func() (account, error) { return a.users.bearer(token) })
	}
	switch a.method {
	case "basic", "multi":
		name, password, ok := r.BasicAuth()
		if ok && (a.method == "multi" && name == readOnlyUser || same(name, c.HTTPAuthUser) && same(password, c.HTTPAuthPassword)) {
			return proved{}, true
		}
		askForPassword(w)
		return proved{}, false
	case "users":
		name, password, ok := r.BasicAuth()
		if !ok {
			askForPassword(w)
			return proved{}, false
		}
		return a.check(w, r, "Basic", func() (account, error) { return a.users.password(r.Context(), name, password) })
	case "", "none":
		if name := certified(r); name != "" && c.UseMutualTLS {
			return proved{name: name, method: "certificate", role: operate.Admin}, true
		}
	}
	return proved{}, true
}

func askForPassword(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `Basic realm="Authorization Required"`)
	http.Error(w, "Not Authorized", http.StatusUnauthorized)
}

// bearerOf is the token of a request.
func bearerOf(r *http.Request) (string, bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}

// check lets somebody in whom the file of users knows.
func (a *authenticator) check(w http.ResponseWriter, r *http.Request, scheme string, prove func() (account, error)) (proved, bool) {
	if wait := a.guess.blocked(r); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
		http.Error(w, "Too many failures", http.StatusTooManyRequests)
		return proved{}, false
	}
	one, err := prove()
	switch {
	case err == nil:
		return proved{name: one.name, method: strings.ToLower(scheme), role: one.role}, true
	case errors.Is(err, errNobody):
		a.guess.fail(r)
		a.Logger.WarnContext(r.Context(), "somebody was not let in", "address", addressOf(r), "error", err)
	case r.Context().Err() == nil:
		a.Logger.ErrorContext(r.Context(), "nobody can be let in", "error", err)
	}
	if scheme == "Basic" {
		askForPassword(w)
		return proved{}, false
	}
	w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	http.Error(w, "Not Authorized", http.StatusUnauthorized)
	return proved{}, false
}

// certified is the name in the client's certificate, "" when there is none.
func certified(r *http.Request) string {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return ""
	}
	return r.TLS.PeerCertificates[0].Subject.CommonName
}

func provedBy(r *http.Request) proved {
	p, _ := r.Context().Value(provedKey{}).(proved)
	return p
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
	if p := provedBy(r); p.method != "" {
		return p.name
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

// role is what the caller may do.
func (a *authenticator) role(r *http.Request) operate.Role {
	c := a.config()
	if c.ReadOnly {
		return operate.Viewer
	}
	if p := provedBy(r); p.method != "" {
		return p.role
	}
	may := true
	switch methodOf(c) {
	case "multi":
		name, _, _ := r.BasicAuth()
		may = name != readOnlyUser
	case "proxy":
		name := r.Header.Get(c.AuthUserHeader)
		if role, listed := a.users.role(name); listed && name != "" {
			return role
		}
		may = a.powerful(name)
	case "token":
		may = a.hasToken(r)
	case "oauth", "users": // who is of the file has been seen above
		may = false
	}
	if !may {
		return operate.Viewer
	}
	return operate.Admin
}

// caller is who asks, for the second generation of the API.
func (a *authenticator) caller(r *http.Request) v2.Caller {
	c := v2.Caller{Name: a.user(r), Method: provedBy(r).method, Role: a.role(r)}
	if c.Method == "" {
		if c.Method = a.method; c.Method == "" {
			c.Method = "none"
		}
	}
	return c
}

// may says whether the caller may run an operation that changes things, and whether this node may do it for them.
func (a *authenticator) may(r *http.Request, o *operate.Operation) bool {
	if l := a.Engine.Leadership; !o.AnyNode && l != nil && l.Replicated() && !l.IsLeader() {
		return false
	}
	return a.role(r).May(o.Needs())
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
