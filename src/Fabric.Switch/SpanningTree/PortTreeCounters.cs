namespace Fabric.Switch.SpanningTree;

/// <summary>What a port has seen of the spanning tree protocols.</summary>
/// <param name="RapidReceived">Rapid spanning tree BPDUs received.</param>
/// <param name="ConfigurationReceived">Configuration BPDUs received.</param>
/// <param name="NotificationReceived">Topology change notifications received.</param>
/// <param name="InvalidReceived">Frames to the bridge group address that were no valid BPDU.</param>
/// <param name="Ignored">BPDUs on a port without a link or shut by BPDU guard, and all beyond a hundred frames in a second.</param>
/// <param name="OwnReceived">BPDUs that this very port had sent: the cable leads back.</param>
/// <param name="RapidSent">Rapid spanning tree BPDUs sent.</param>
/// <param name="ConfigurationSent">Configuration BPDUs sent.</param>
/// <param name="NotificationSent">Topology change notifications sent.</param>
/// <param name="Flushes">Times the addresses learned on the port were forgotten.</param>
/// <param name="Transitions">Times the port began to forward.</param>
public readonly record struct PortTreeCounters(
    long RapidReceived,
    long ConfigurationReceived,
    long NotificationReceived,
    long InvalidReceived,
    long Ignored,
    long OwnReceived,
    long RapidSent,
    long ConfigurationSent,
    long NotificationSent,
    long Flushes,
    long Transitions);
