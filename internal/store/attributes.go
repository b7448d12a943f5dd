package store

import (
	"context"
	"time"
)

// HostAttribute is a named value of a host; the host `*` stands for none.
type HostAttribute struct {
	Hostname, Name, Value string
	Submitted             time.Time
}

// PutHostAttribute sets an attribute of a host.
func (s *Store) PutHostAttribute(ctx context.Context, a HostAttribute) error {
	if s.agreed != nil {
		return decide(ctx, s, putHostAttribute{a})
	}
	_, err := s.exec(ctx, "set attribute "+a.Name+" of "+a.Hostname, s.dialect.upsert("host_attributes",
		"hostname, attribute_name", "attribute_value, submit_timestamp, expire_timestamp"),
		a.Hostname, a.Name, a.Value, stamp(s.now()), nil)
	return err
}

// DeleteHostAttribute removes an attribute and says whether it was there.
func (s *Store) DeleteHostAttribute(ctx context.Context, hostname, name string) (bool, error) {
	if s.agreed != nil {
		return agree[bool](ctx, s, deleteHostAttribute{hostname, name})
	}
	n, err := s.exec(ctx, "delete attribute "+name+" of "+hostname,
		"DELETE FROM host_attributes WHERE hostname = ? AND attribute_name = ?", hostname, name)
	return n > 0, err
}

// HostAttributes returns the attributes of that name, or all when name is empty, by host and name.
func (s *Store) HostAttributes(ctx context.Context, name string) ([]HostAttribute, error) {
	return collect(ctx, s, s.reader, "load host attributes", func(r []value) HostAttribute {
		return HostAttribute{r[0].text(), r[1].text(), r[2].text(), r[3].time()}
	}, `SELECT hostname, attribute_name, attribute_value, submit_timestamp FROM host_attributes
		WHERE attribute_name = ? OR ? = '' ORDER BY hostname, attribute_name`, name, name)
}
