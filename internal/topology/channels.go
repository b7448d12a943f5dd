package topology

import (
	"fmt"
	"slices"
	"strings"
)

// DefaultChannel is what people call the channel without a name.
const DefaultChannel = "default"

// OnChannel returns the topology as it looks when one server is seen as a replica on the named channel alone: that
// channel places it in the tree, and its others stay what they are. It lets whatever is decided about a replica be
// decided about one channel of a multi-source replica.
func (t *Topology) OnChannel(k Key, name string) (*Topology, *Refusal) {
	i := t.Instance(k)
	if i == nil {
		return nil, &Refusal{"unknown-server", fmt.Sprintf("%s is not known", k), "discover it first"}
	}
	wanted := name
	if wanted == DefaultChannel {
		wanted = ""
	}
	if i.Channel.Name == wanted && i.HasSource() {
		return t, nil
	}
	at := slices.IndexFunc(i.Others, func(c Channel) bool { return c.Name == wanted })
	if at < 0 {
		return nil, &Refusal{"unknown-channel", fmt.Sprintf("%s has no replication channel %q, but %s", k, name, i.channelNames()), "name one of them"}
	}
	c := i.Clone()
	c.Channel, c.Others[at] = i.Others[at], i.Channel
	c.Lag = c.Channel.SecondsBehind
	all := slices.Clone(t.instances)
	all[slices.Index(all, i)] = c
	return New(Derive(all, t.names), t.names), nil
}

// Channels are all replication channels of the server, the one that places it in the tree first.
func (i *Instance) Channels() []Channel {
	if !i.HasSource() && len(i.Others) == 0 {
		return nil
	}
	return append([]Channel{i.Channel}, i.Others...)
}

func (i *Instance) channelNames() string {
	var names []string
	for _, c := range i.Channels() {
		if c.Name == "" {
			c.Name = DefaultChannel
		}
		names = append(names, c.Name)
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
