namespace Fabric.Nbd;

/// <summary>How an <see cref="NbdServer"/> treats its clients.</summary>
public sealed record NbdServerOptions
{
    /// <summary>Connections open at once; one more is closed as soon as it is made. Each costs a thread and at most 2.5 MiB of buffers
    /// and 64 MiB of requests that wait for a device.</summary>
    public int MaxConnections { get; init; } = 128;

    /// <summary>How long a client may take to choose its export.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long clients may take, when the server stops, to fetch the answers to what they have asked.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The clock for these.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
