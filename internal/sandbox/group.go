package sandbox

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// groupMembers is how many nodes are members in the Group layout; those after them replicate.
const groupMembers = 3

// groupName is part of the GTIDs of all that is written in a group.
const groupName = "aaaaaaaa-0000-4000-8000-000000000001"

// member says whether the node belongs to a replication group, as the layout wants it.
func (n *Node) member() bool {
	return n.cluster.options.Layout == Group && n.index < groupMembers
}

// members are the nodes that belong to the replication group; none in other layouts.
func (c *Cluster) members() (members []*Node) {
	for _, n := range c.nodes {
		if n.member() {
			members = append(members, n)
		}
	}
	return members
}

// claimGroup takes the members' ports for talking to each other.
func (c *Cluster) claimGroup() error {
	for _, n := range c.members() {
		var err error
		if n.group, err = c.ports.free(n.Host); err != nil {
			return err
		}
	}
	return nil
}

// groupOptions make a node able to be a member; it joins when it is told to. A member that is lost is expelled as soon as
// the others suspect it.
func (c *Cluster) groupOptions(n *Node) []option {
	if !n.member() {
		return nil
	}
	var seeds []string
	for _, other := range c.members() {
		seeds = append(seeds, other.at(other.group))
	}
	return []option{
		{"plugin-load-add", "group_replication.so"},
		{"group_replication_group_name", groupName},
		{"group_replication_local_address", n.at(n.group)},
		{"group_replication_group_seeds", strings.Join(seeds, ",")},
		{"group_replication_start_on_boot", "OFF"},
		{"group_replication_member_expel_timeout", "0"},
		{"group_replication_unreachable_majority_timeout", "10"},
		{"group_replication_recovery_get_public_key", "ON"},
		{"group_replication_message_cache_size", "128M"},
	}
}

// formGroup has node 0 begin the group and the others join it, one by one. It is node 0 that takes writes then.
func (c *Cluster) formGroup(ctx context.Context) error {
	for _, n := range c.members() {
		if n.index == 0 {
			if err := n.Exec(ctx, "SET GLOBAL group_replication_bootstrap_group = ON"); err != nil {
				return err
			}
		}
		if err := n.JoinGroup(ctx); err != nil {
			return err
		}
		if n.index == 0 {
			if err := n.Exec(ctx, "SET GLOBAL group_replication_bootstrap_group = OFF"); err != nil {
				return err
			}
		}
	}
	return c.awaitMembers(ctx, groupMembers)
}

// JoinGroup has a node that was started, or started again, join its replication group, and returns when it is online
// there by its own word.
func (n *Node) JoinGroup(ctx context.Context) error {
	err := n.Exec(ctx, fmt.Sprintf("START GROUP_REPLICATION USER='%s', PASSWORD='%s'", UserRepl, Password(UserRepl)))
	if err != nil {
		return withLog(err, n.ErrorLog())
	}
	return poll(ctx, 20*time.Millisecond, func(ctx context.Context) (bool, error) {
		var state string
		err := n.Scan(ctx, "SELECT member_state FROM performance_schema.replication_group_members WHERE member_id = @@server_uuid", &state)
		if err == nil && state != "ONLINE" {
			err = notYet{fmt.Errorf("%s is %s in its group", n, state)}
		}
		return err == nil, err
	})
}

// awaitMembers returns when all answering members count so many of them as online.
func (c *Cluster) awaitMembers(ctx context.Context, want int) error {
	return poll(ctx, 20*time.Millisecond, func(ctx context.Context) (bool, error) {
		for _, n := range c.members() {
			if !n.answering() {
				continue
			}
			var online int
			if err := n.Scan(ctx, "SELECT COUNT(*) FROM performance_schema.replication_group_members WHERE member_state = 'ONLINE'", &online); err != nil {
				return false, err
			}
			if online != want {
				return false, notYet{fmt.Errorf("%s counts %d members online", n, online)}
			}
		}
		return true, nil
	})
}

// GroupPrimary is the member that the answering ones agree on as the one that takes writes; nil while there is none, or
// they do not agree.
func (c *Cluster) GroupPrimary(ctx context.Context) (primary *Node, err error) {
	for _, n := range c.members() {
		if !n.answering() {
			continue
		}
		row, err := n.Row(ctx, "SELECT member_port AS port FROM performance_schema.replication_group_members WHERE member_role = 'PRIMARY' AND member_state = 'ONLINE'")
		if err != nil || row == nil {
			return nil, err
		}
		var port int
		if _, err := fmt.Sscan(row["port"], &port); err != nil {
			return nil, err
		}
		named := c.byPort(port)
		if named == nil || primary != nil && named != primary {
			return nil, nil
		}
		primary = named
	}
	return primary, nil
}
