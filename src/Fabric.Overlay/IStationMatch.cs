namespace Fabric.Overlay;

/// <summary>Chooses entries of a <see cref="StationTable"/>; a struct, so that the choice is compiled into the sweep.</summary>
internal interface IStationMatch
{
    /// <summary>Tells whether an entry is meant.</summary>
    /// <param name="slot">An entry.</param>
    bool Matches(in StationTable.Slot slot);
}
