namespace Fabric.Switch;

/// <summary>Chooses entries of a <see cref="ForwardingTable"/>; implemented by structs, so that the choice is compiled into the loop.</summary>
internal interface IEntryMatch
{
    /// <summary>True for an entry that is meant.</summary>
    /// <param name="slot">An occupied slot.</param>
    bool Matches(in ForwardingTable.Slot slot);
}
