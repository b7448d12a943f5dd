package consensus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"
	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// logStore keeps raft's log and its votes in one file. It implements raft.LogStore and raft.StableStore: when a method
// returns, what it wrote is on the disk.
type logStore struct{ db *bolt.DB }

var (
	logBucket  = []byte("log")
	voteBucket = []byte("votes")
)

// lockWithin is how long the file may be held by another process, which is ending.
const lockWithin = 5 * time.Second

func openLogStore(path string) (*logStore, error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: lockWithin, NoFreelistSync: true, FreelistType: bolt.FreelistMapType})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("raft log %s: another process holds it: each node needs a RaftDataDir of its own", path)
	}
	if err != nil {
		return nil, fmt.Errorf("raft log %s: %w", path, err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{logBucket, voteBucket} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("raft log %s: %w", path, err), db.Close())
	}
	return &logStore{db}, nil
}

// Close closes the file.
func (s *logStore) Close() error { return s.db.Close() }

func indexKey(index uint64) []byte { return binary.BigEndian.AppendUint64(nil, index) }

// FirstIndex implements raft.LogStore.
func (s *logStore) FirstIndex() (uint64, error) { return s.end((*bolt.Cursor).First) }

// LastIndex implements raft.LogStore.
func (s *logStore) LastIndex() (uint64, error) { return s.end((*bolt.Cursor).Last) }

func (s *logStore) end(of func(*bolt.Cursor) (k, v []byte)) (index uint64, err error) {
	err = s.db.View(func(tx *bolt.Tx) error {
		if k, _ := of(tx.Bucket(logBucket).Cursor()); k != nil {
			index = binary.BigEndian.Uint64(k)
		}
		return nil
	})
	return index, err
}

// GetLog implements raft.LogStore.
func (s *logStore) GetLog(index uint64, log *raft.Log) error {
	return s.db.View(func(tx *bolt.Tx) error {
		v := tx.Bucket(logBucket).Get(indexKey(index))
		if v == nil {
			return raft.ErrLogNotFound
		}
		return decodeLog(index, v, log)
	})
}

// StoreLog implements raft.LogStore.
func (s *logStore) StoreLog(log *raft.Log) error { return s.StoreLogs([]*raft.Log{log}) }

// StoreLogs implements raft.LogStore.
func (s *logStore) StoreLogs(logs []*raft.Log) error {
	return s.db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket(logBucket)
		for _, l := range logs {
			if err := b.Put(indexKey(l.Index), encodeLog(l)); err != nil {
				return err
			}
		}
		return nil
	})
}

// DeleteRange implements raft.LogStore.
func (s *logStore) DeleteRange(from, to uint64) error {
	return s.db.Update(func(tx *bolt.Tx) error {
		c := tx.Bucket(logBucket).Cursor()
		for k, _ := c.Seek(indexKey(from)); k != nil && binary.BigEndian.Uint64(k) <= to; k, _ = c.Next() {
			if err := c.Delete(); err != nil {
				return err
			}
		}
		return nil
	})
}

// An entry is its term, the time at which it was appended (Unix nanoseconds, 0 for none), its kind, the length of its
// extensions, those, and its data.
const logHead = 8 + 8 + 1 + 4

func encodeLog(l *raft.Log) []byte {
	var at int64
	if !l.AppendedAt.IsZero() {
		at = l.AppendedAt.UnixNano()
	}
	b := make([]byte, 0, logHead+len(l.Extensions)+len(l.Data))
	b = binary.BigEndian.AppendUint64(b, l.Term)
	b = binary.BigEndian.AppendUint64(b, uint64(at))
	b = append(b, byte(l.Type))
	b = binary.BigEndian.AppendUint32(b, uint32(len(l.Extensions)))
	b = append(b, l.Extensions...)
	return append(b, l.Data...)
}

// decodeLog reads what encodeLog wrote; it copies, because the file's memory is only lent.
func decodeLog(index uint64, b []byte, l *raft.Log) error {
	if len(b) < logHead || uint64(len(b)-logHead) < uint64(binary.BigEndian.Uint32(b[17:])) {
		return fmt.Errorf("raft log: entry %d is damaged", index)
	}
	*l = raft.Log{Index: index, Term: binary.BigEndian.Uint64(b), Type: raft.LogType(b[16])}
	if at := int64(binary.BigEndian.Uint64(b[8:])); at != 0 {
		l.AppendedAt = time.Unix(0, at)
	}
	extensions := int(binary.BigEndian.Uint32(b[17:]))
	if extensions > 0 {
		l.Extensions = append([]byte(nil), b[logHead:logHead+extensions]...)
	}
	if data := b[logHead+extensions:]; len(data) > 0 {
		l.Data = append([]byte(nil), data...)
	}
	return nil
}

// Set implements raft.StableStore.
func (s *logStore) Set(key, value []byte) error {
	return s.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(voteBucket).Put(key, value) })
}

// Get implements raft.StableStore.
func (s *logStore) Get(key []byte) (value []byte, err error) {
	err = s.db.View(func(tx *bolt.Tx) error {
		value = append([]byte(nil), tx.Bucket(voteBucket).Get(key)...)
		return nil
	})
	return value, err
}

// SetUint64 implements raft.StableStore.
func (s *logStore) SetUint64(key []byte, value uint64) error { return s.Set(key, indexKey(value)) }

// GetUint64 implements raft.StableStore.
func (s *logStore) GetUint64(key []byte) (uint64, error) {
	v, err := s.Get(key)
	if err != nil || len(v) == 0 {
		return 0, err
	}
	if len(v) != 8 {
		return 0, fmt.Errorf("raft log: %s is damaged", key)
	}
	return binary.BigEndian.Uint64(v), nil
}
