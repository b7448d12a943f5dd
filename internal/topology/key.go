package topology

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// DetachedPrefix marks a source host name that was made unreachable on purpose (detach-replica-master-host).
const DetachedPrefix = "//"

// Key identifies a server by the host name and port under which it is known. The zero Key means "no server".
type Key struct {
	Hostname string
	Port     int
}

// ParseKey reads `host:port`, `host` or `[v6]:port`. A missing port becomes defaultPort.
func ParseKey(text string, defaultPort int) (Key, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Key{}, fmt.Errorf("instance %q: a host name is required, as host or host:port", text)
	}
	host, port := text, ""
	switch {
	case strings.HasPrefix(text, "["):
		end := strings.IndexByte(text, ']')
		if end < 0 {
			return Key{}, fmt.Errorf("instance %q: the IPv6 address has no closing bracket", text)
		}
		host, port = text[1:end], strings.TrimPrefix(text[end+1:], ":")
	case strings.Count(text, ":") == 1:
		host, port, _ = strings.Cut(text, ":")
	case strings.Count(text, ":") > 1 && !isIP(text):
		i := strings.LastIndexByte(text, ':')
		host, port = text[:i], text[i+1:]
	}
	if host == "" {
		return Key{}, fmt.Errorf("instance %q: the host name is empty", text)
	}
	if strings.ContainsFunc(host, notInHostnames) {
		return Key{}, fmt.Errorf("instance %q: a host name has no white space, commas or brackets", text)
	}
	if port == "" {
		return Key{Hostname: host, Port: defaultPort}, nil
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > 65535 {
		return Key{}, fmt.Errorf("instance %q: the port must be a number from 1 to 65535", text)
	}
	return Key{Hostname: host, Port: n}, nil
}

// isIP says whether the text is an IP address, possibly with a zone.
func isIP(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}

// notInHostnames says whether a character would make a key that cannot be read back from a list of keys.
func notInHostnames(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(",[]", r)
}

// String prints `host:port`, with brackets around an IPv6 address.
func (k Key) String() string {
	if strings.IndexByte(k.Hostname, ':') >= 0 {
		return "[" + k.Hostname + "]:" + strconv.Itoa(k.Port)
	}
	return k.Hostname + ":" + strconv.Itoa(k.Port)
}

// IsValid says whether the key can be the address of a server: it has a host that is neither the placeholder `_`
// nor detached, and a port.
func (k Key) IsValid() bool {
	return k.Hostname != "" && k.Hostname != "_" && !k.IsDetached() && k.Port > 0
}

// IsZero says whether the key names no server at all.
func (k Key) IsZero() bool { return k == Key{} }

// IsDetached says whether the host name carries the detach mark.
func (k Key) IsDetached() bool { return strings.HasPrefix(k.Hostname, DetachedPrefix) }

// Detached returns the key with the detach mark, unchanged when it has one.
func (k Key) Detached() Key {
	if k.IsDetached() {
		return k
	}
	return Key{Hostname: DetachedPrefix + k.Hostname, Port: k.Port}
}

// Reattached returns the key without the detach mark.
func (k Key) Reattached() Key {
	return Key{Hostname: strings.TrimPrefix(k.Hostname, DetachedPrefix), Port: k.Port}
}

// IsIPv4 says whether the host name is an IPv4 literal.
func (k Key) IsIPv4() bool {
	ip := net.ParseIP(k.Hostname)
	return ip != nil && ip.To4() != nil && strings.Count(k.Hostname, ".") == 3
}

// Compare orders keys by host name, then port.
func (k Key) Compare(o Key) int {
	if c := cmp.Compare(k.Hostname, o.Hostname); c != 0 {
		return c
	}
	return cmp.Compare(k.Port, o.Port)
}

// SortKeys sorts keys in place by host name and port and returns them.
func SortKeys(keys []Key) []Key {
	slices.SortFunc(keys, Key.Compare)
	return keys
}

// JoinKeys prints keys as a comma separated list, the form that hooks and the backend tables use.
func JoinKeys(keys []Key) string {
	var b strings.Builder
	for i, k := range keys {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(k.String())
	}
	return b.String()
}

// ParseKeys reads the form that JoinKeys prints. Entries that are not keys are skipped and reported together.
func ParseKeys(list string, defaultPort int) ([]Key, error) {
	var keys []Key
	var bad []string
	for _, text := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' }) {
		k, err := ParseKey(text, defaultPort)
		if err != nil {
			bad = append(bad, text)
			continue
		}
		keys = append(keys, k)
	}
	if len(bad) > 0 {
		return keys, fmt.Errorf("not instances (host:port): %s", strings.Join(bad, ", "))
	}
	return keys, nil
}
