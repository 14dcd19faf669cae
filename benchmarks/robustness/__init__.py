"""Does anything get lost, or do harm?"""
