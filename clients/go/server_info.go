package execution

import (
	"context"
	"time"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

// ServerInfo is what a server is and what it takes.
type ServerInfo struct {
	// Version is the server's, as in "0.1.0".
	Version string
	// StoreKind is where the state is: "memory", "standalone", "sentinel", "cluster" or "unknown".
	StoreKind string
	// Durability is what an acknowledged change survives: "relaxed", "local", "replicated" or "unknown".
	Durability string
	// Partitions is into how many the store is divided.
	Partitions int32
	Limits     ServerLimits
}

// ServerLimits are what a server takes; the contract's comments explain each.
type ServerLimits struct {
	MessageBytes         int32
	BatchSize            int32
	PageSize             int32
	Checkpoints          int32
	CallsUnderWay        int32
	WatchesPerConnection int32
	DefaultDeadline      time.Duration
	MaxDeadline          time.Duration
}

// ServerInfo answers what the server is and what it takes.
func (c *Client) ServerInfo(ctx context.Context) (*ServerInfo, error) {
	answer, err := call(ctx, c, c.executions().GetServerInfo, &pb.GetServerInfoRequest{})
	if err != nil {
		return nil, err
	}
	limits := answer.GetLimits()
	return &ServerInfo{
		Version:    answer.GetVersion(),
		StoreKind:  fromEnum[string](answer.GetStoreKind().String(), "STORE_KIND_"),
		Durability: fromEnum[string](answer.GetDurability().String(), "DURABILITY_CLASS_"),
		Partitions: answer.GetPartitions(),
		Limits: ServerLimits{
			MessageBytes:         limits.GetMessageBytes(),
			BatchSize:            limits.GetBatchSize(),
			PageSize:             limits.GetPageSize(),
			Checkpoints:          limits.GetCheckpoints(),
			CallsUnderWay:        limits.GetCallsUnderWay(),
			WatchesPerConnection: limits.GetWatchesPerConnection(),
			DefaultDeadline:      limits.GetDefaultDeadline().AsDuration(),
			MaxDeadline:          limits.GetMaxDeadline().AsDuration(),
		},
	}, nil
}
