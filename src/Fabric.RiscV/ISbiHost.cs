namespace Fabric.RiscV;

/// <summary>What the built-in SBI needs from the machine around it. Called on hart threads, by several at once; must not block
/// on I/O and must not throw.</summary>
public interface ISbiHost
{
    /// <summary>Debug console output (SBI 2.0, chapter 12).</summary>
    /// <param name="bytes">Guest bytes; valid during the call.</param>
    void ConsoleWrite(ReadOnlySpan<byte> bytes);

    /// <summary>Debug console input, without waiting.</summary>
    /// <param name="bytes">Filled from its start.</param>
    /// <returns>Number of bytes filled in, 0 when there is no input.</returns>
    int ConsoleRead(Span<byte> bytes);

    /// <summary>The guest asked for a power-off or reboot. The calling hart executes nothing more until it is reset.</summary>
    /// <param name="kind">What it asked for.</param>
    /// <param name="failure">True when the guest gave "system failure" as the reason.</param>
    void SystemReset(SystemResetKind kind, bool failure);
}
