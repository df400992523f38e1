package hints

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
)

// Checkpoints keeps, for each hub, some short texts under names: which partition is read by whom, and how far.
type Checkpoints interface {
	Load(ctx context.Context, hub string) (map[string]string, error)
	// Swap sets a text if it is as it was; "" stands for none.
	Swap(ctx context.Context, hub, name, was, is string) (bool, error)
	Set(ctx context.Context, hub, name, text string) error
}

// checkpointStore makes an [azeventhubs.CheckpointStore] of it.
type checkpointStore struct{ Checkpoints }

const (
	ownerPrefix      = "owner "
	checkpointPrefix = "checkpoint "
)

// owner is who reads a partition; the text itself is the tag by which a change shows.
type owner struct {
	Owner string    `json:"owner"`
	At    time.Time `json:"at"`
}

// checkpoint is how far a partition was read.
type checkpoint struct {
	Offset   string `json:"offset"`
	Sequence int64  `json:"sequence"`
}

// hubName names a consumer group's view of a hub.
func hubName(namespace, hub, group string) string {
	return strings.ToLower(namespace + "/" + hub + "/" + group)
}

// ClaimOwnership implements [azeventhubs.CheckpointStore].
func (s checkpointStore) ClaimOwnership(ctx context.Context, wanted []azeventhubs.Ownership, _ *azeventhubs.ClaimOwnershipOptions) ([]azeventhubs.Ownership, error) {
	var got []azeventhubs.Ownership
	for _, o := range wanted {
		was := ""
		if o.ETag != nil {
			was = string(*o.ETag)
		}
		now := time.Now().UTC()
		is, err := json.Marshal(owner{o.OwnerID, now})
		if err != nil {
			return nil, fmt.Errorf("claiming a partition: %w", err)
		}
		ok, err := s.Swap(ctx, hubName(o.FullyQualifiedNamespace, o.EventHubName, o.ConsumerGroup), ownerPrefix+o.PartitionID, was, string(is))
		if err != nil {
			return nil, err
		}
		if ok {
			tag := azcore.ETag(is)
			o.LastModifiedTime, o.ETag = now, &tag
			got = append(got, o)
		}
	}
	return got, nil
}

// ListOwnership implements [azeventhubs.CheckpointStore]. What is damaged belongs to nobody.
func (s checkpointStore) ListOwnership(ctx context.Context, namespace, hub, group string, _ *azeventhubs.ListOwnershipOptions) ([]azeventhubs.Ownership, error) {
	var out []azeventhubs.Ownership
	texts, err := s.Load(ctx, hubName(namespace, hub, group))
	for name, text := range texts {
		partition, ok := strings.CutPrefix(name, ownerPrefix)
		if !ok {
			continue
		}
		var o owner
		_ = json.Unmarshal([]byte(text), &o)
		tag := azcore.ETag(text)
		out = append(out, azeventhubs.Ownership{
			FullyQualifiedNamespace: namespace, EventHubName: hub, ConsumerGroup: group, PartitionID: partition,
			OwnerID: o.Owner, LastModifiedTime: o.At, ETag: &tag,
		})
	}
	return out, err
}

// ListCheckpoints implements [azeventhubs.CheckpointStore]. What is damaged is none.
func (s checkpointStore) ListCheckpoints(ctx context.Context, namespace, hub, group string, _ *azeventhubs.ListCheckpointsOptions) ([]azeventhubs.Checkpoint, error) {
	var out []azeventhubs.Checkpoint
	texts, err := s.Load(ctx, hubName(namespace, hub, group))
	for name, text := range texts {
		var c checkpoint
		partition, ok := strings.CutPrefix(name, checkpointPrefix)
		if !ok || json.Unmarshal([]byte(text), &c) != nil || c.Offset == "" {
			continue
		}
		out = append(out, azeventhubs.Checkpoint{
			FullyQualifiedNamespace: namespace, EventHubName: hub, ConsumerGroup: group, PartitionID: partition,
			Offset: &c.Offset, SequenceNumber: &c.Sequence,
		})
	}
	return out, err
}

// SetCheckpoint implements [azeventhubs.CheckpointStore].
func (s checkpointStore) SetCheckpoint(ctx context.Context, c azeventhubs.Checkpoint, _ *azeventhubs.SetCheckpointOptions) error {
	var at checkpoint
	if c.Offset != nil {
		at.Offset = *c.Offset
	}
	if c.SequenceNumber != nil {
		at.Sequence = *c.SequenceNumber
	}
	text, err := json.Marshal(at)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return s.Set(ctx, hubName(c.FullyQualifiedNamespace, c.EventHubName, c.ConsumerGroup), checkpointPrefix+c.PartitionID, string(text))
}
