namespace Fabric.Daemon;

/// <summary>How <see cref="DaemonHost"/> runs a topology.</summary>
public sealed record HostOptions
{
    /// <summary>Called once the control socket answers; the start has not begun.</summary>
    public Action? Listening { get; init; }

    /// <summary>Called once everything was started; agents may not answer yet.</summary>
    public Action<DaemonOutput>? Started { get; init; }

    /// <summary>Clock of the machines and of the log.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
