package gtid_test

import (
	"fmt"

	"orchestrator/internal/gtid"
)

// A replica's errant transactions are those which neither come from its ancestors
// nor are known to its source.
func Example_errant() {
	const source, replica = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
	sourceHas := gtid.MustParse(source + ":1-100:job:1-5")
	replicaHas := gtid.MustParse(source + ":1-98:job:1-5,\n" + replica + ":1-2")

	ancestor, err := gtid.ParseUUID(source)
	if err != nil {
		fmt.Println(err)
		return
	}
	errant := replicaHas.Without(ancestor).Subtract(sourceHas)
	fmt.Println(replicaHas.Compare(sourceHas))
	fmt.Println(errant.Count(), errant)
	fmt.Println("still to come:", sourceHas.Subtract(replicaHas))
	// Output:
	// diverged
	// 2 22222222-2222-2222-2222-222222222222:1-2
	// still to come: 11111111-1111-1111-1111-111111111111:99-100
}

// After a failover from server 1 to server 2, the old primary has a transaction
// that the new one never got. Its number alone does not tell; the log does.
func ExampleMariaState_NotLogged() {
	newPrimary := gtid.MustParseMariaState("0-1-100,0-2-105")
	oldPrimary := gtid.MustParseMariaPos("0-1-101")

	fmt.Println(oldPrimary.Compare(newPrimary.Position()))
	fmt.Println(newPrimary.NotLogged(oldPrimary))
	// Output:
	// subset
	// [0-1-101]
}
