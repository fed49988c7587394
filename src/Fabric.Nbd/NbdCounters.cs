namespace Fabric.Nbd;

/// <summary>What a server has done and dropped. Every connection adds; any thread may read at any time.</summary>
public sealed class NbdCounters
{
    private long _connections;
    private long _refused;
    private long _badHandshakes;
    private long _badRequests;
    private long _lostClients;
    private long _rejected;
    private long _hostErrors;
    private long _requests;
    private long _handedOver;

    /// <summary>Connections taken.</summary>
    public long Connections => Volatile.Read(ref _connections);

    /// <summary>Connections closed at once because too many were open.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Connections ended because the handshake broke the protocol or took too long.</summary>
    public long BadHandshakes => Volatile.Read(ref _badHandshakes);

    /// <summary>Connections ended because a request did not begin with the request magic.</summary>
    public long BadRequests => Volatile.Read(ref _badRequests);

    /// <summary>Connections that ended without a request to disconnect.</summary>
    public long LostClients => Volatile.Read(ref _lostClients);

    /// <summary>Requests answered with an error because they made no sense or are not allowed.</summary>
    public long Rejected => Volatile.Read(ref _rejected);

    /// <summary>Requests that failed on the host.</summary>
    public long HostErrors => Volatile.Read(ref _hostErrors);

    /// <summary>Requests taken.</summary>
    public long Requests => Volatile.Read(ref _requests);

    /// <summary>Of these, the ones that were handed to the disk workers because they could block.</summary>
    public long HandedOver => Volatile.Read(ref _handedOver);

    internal void AddConnection() => Interlocked.Increment(ref _connections);

    internal void AddRefused() => Interlocked.Increment(ref _refused);

    internal void AddBadHandshake() => Interlocked.Increment(ref _badHandshakes);

    internal void AddBadRequest() => Interlocked.Increment(ref _badRequests);

    internal void AddLostClient() => Interlocked.Increment(ref _lostClients);

    internal void AddRejected() => Interlocked.Increment(ref _rejected);

    internal void AddHostError() => Interlocked.Increment(ref _hostErrors);

    internal void AddRequests(long count) => Interlocked.Add(ref _requests, count);

    internal void AddHandedOver() => Interlocked.Increment(ref _handedOver);
}
